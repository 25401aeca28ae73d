"""The small tables that people of the sample organisation keep by hand: plans, whys, benchmarks, events and the rest."""

from __future__ import annotations

import csv
from pathlib import Path
from types import MappingProxyType

__all__ = ["EDITED_ROWS", "write_tables"]

_Row = tuple[str | float | int | None, ...]

# table → header, rows; column names are those of `definitions.TABLES`
EDITED_ROWS: MappingProxyType[str, tuple[str, tuple[_Row, ...]]] = MappingProxyType(
    {
        "actions": (
            "action_id plan indicator root_cause measure owner due_on done_on resources verified_by strategy status_note"
            " expected_benefit",
            (
                ("P01", "2023Q4", "fcr", "knowledge", "Review the 50 most used knowledge articles", "Knowledge editor",
                 "2024-01-31", "2024-01-29", "10 person-days", "fcr of the issues covered", "people", "done", 0.010),
                ("P02", "2023Q4", "fcr", "skills", "Coach middling agents on repairs twice a month", "Team leads",
                 "2024-02-15", "2024-03-04", "4 h per lead and month", "fcr of coached agents", "people",
                 "done late: festival leave", 0.008),
                ("P03", "2023Q4", "frt", None, "Limit open chats to five per agent", "Chat lead", "2024-02-29", None,
                 "routing change", "agent load at start", "technology", "waits for the routing vendor", 3.0),
                ("P04", "2023Q4", "complaint_rate", "slow_response", "Call back complainers within 24 hours",
                 "Complaint desk", "2024-01-15", "2024-01-12", "1 person", "closed loop within 24 h", "feedback loop",
                 "done", 0.001),
                ("P05", "2023Q4", "resolution_time", "cross_department", "Merge two of five approvals", "Service manager",
                 "2024-03-15", None, "agreement with finance", "approvals per ticket", "process", "finance not agreed", 1200),
                ("P06", "2023Q4", "fcr", "knowledge", "Pilot one-stop handling in Wuhan", "Wuhan lead", "2024-02-19",
                 "2024-02-19", "training of one team", "fcr against the other teams", "process", "done", 0.080),
                ("P07", "2024Q1", "answer_rate", None, "Add evening agents from 17 to 21", "Scheduler", "2024-05-15", None,
                 "part-time agents", "answer rate 17:00 to 19:00", "people", None, 0.060),
                ("P08", "2024Q1", "fcr", "knowledge", "Fill the ten largest knowledge gaps", "Knowledge editor",
                 "2024-05-31", None, "15 person-days", "failures coded to knowledge", "people", None, 0.030),
                ("P09", "2024Q1", "fcr", "cross_department", "One desk for after-sales questions", "Service manager",
                 "2024-06-30", None, "2 persons", "failures coded to cross-department help", "process", None, 0.020),
                ("P10", "2024Q1", "frt", None, "Route chats to the agent with the fewest", "Chat lead", "2024-05-20", None,
                 "routing change", "reply time by agent load", "technology", None, 5.0),
                ("P11", "2024Q1", "csat", None, "Ask unhappy customers back within a day", "Complaint desk", "2024-04-05",
                 "2024-04-03", "none", "closed loop within 24 h", "feedback loop", "done", 0.010),
            ),
        ),
        "five_whys": (
            "node_id parent_id tree indicator level statement category cause evidence_indicator evidence_filter"
            " expected_share",
            (
                ("F0", None, "fcr", "fcr", 0, "Too few customers are helped at the first contact", "process", None, "fcr",
                 None, None),
                ("F1", "F0", "fcr", "fcr", 1, "The knowledge base does not hold the answer", "knowledge", "knowledge",
                 None, None, 0.40),
                ("F2", "F0", "fcr", "fcr", 1, "Help from other departments comes late", "process", "cross_department",
                 None, None, 0.30),
                ("F3", "F0", "fcr", "fcr", 1, "Agents lack the skill", "people", "skills", None, None, 0.30),
                ("F4", "F1", "fcr", "fcr", 2, "Repairs are hardly covered", "knowledge", None, "fcr", "issue = repair", None),
                ("F5", "F4", "fcr", "fcr", 3, "Nobody is told when products change", "process", None, None, None, None),
                ("F6", "F2", "fcr", "fcr", 2, "Tickets pass five approvals between service and after-sales", "policy", None,
                 "resolution_time", "channel = email", None),
                ("F7", "F6", "fcr", "fcr", 3, "Every refund needs finance, whatever its amount", "policy", None, None, None,
                 None),
                ("F8", "F3", "fcr", "fcr", 2, "Training ends after the first week", "people", None, None, None, None),
                ("R0", None, "frt", "frt", 0, "Customers wait too long for a first reply", "process", None, "frt", None,
                 None),
                ("R1", "R0", "frt", "frt", 1, "Chats are answered late", "technology", None, "frt", "channel = chat", None),
                ("R2", "R1", "frt", "frt", 2, "Agents hold too many chats at once", "technology", None, None, None, None),
                ("R3", "R0", "frt", "frt", 1, "In the evening the phone queue is understaffed", "people", None,
                 "answer_rate", "channel = phone", None),
                ("R4", "R3", "frt", "frt", 2, "The early shift ends at 17:00, the peak starts then", "policy", None,
                 "answer_rate", "local_hour = 17", None),
            ),
        ),
        "benchmarks": (
            "indicator value unit population source as_of",
            (
                ("frt", 60, "s", "service desks of several industries", "method guide, illustrative", "2023-12-31"),
                ("resolution_time", 3600, "s", "after-sales tickets", "method guide, illustrative", "2023-12-31"),
                ("fcr", 0.80, "share", "online retail", "invented for the sample", "2023-12-31"),
                ("csat", 0.90, "share", "online retail, respondents", "invented for the sample", "2023-12-31"),
                ("complaint_rate", 0.010, "share", "online retail", "invented for the sample", "2023-12-31"),
                ("answer_rate", 0.90, "share", "hotlines", "invented for the sample", "2023-12-31"),
            ),
        ),
        "events": (
            "event_id starts_on ends_on kind title team channel",
            (
                ("E01", "2022-01-31", "2022-02-06", "holiday", "Spring Festival 2022", None, None),
                ("E02", "2022-11-11", "2022-11-12", "campaign", "November sale", None, None),
                ("E03", "2023-01-21", "2023-01-27", "holiday", "Spring Festival 2023", None, None),
                ("E04", "2023-06-18", "2023-06-19", "campaign", "June sale", None, None),
                ("E05", "2023-11-11", "2023-11-12", "campaign", "November sale", None, None),
                ("E06", "2024-01-01", None, "change", "Repair bookings move to chat", None, "chat"),
                ("E07", "2024-01-08", None, "change", "New app version", None, "app"),
                ("E08", "2024-02-10", "2024-02-17", "holiday", "Spring Festival 2024", None, None),
                ("E09", "2024-02-19", None, "pilot", "One-stop handling", "Wuhan", None),
            ),
        ),
        "interviews": (
            "interview_id customer_id drawn_on held_on has_opted_out notes",
            (
                ("I01", "C0000007", "2024-02-01", "2024-02-06", "false", "Buys often; dislikes repeating the story"),
                ("I02", "C0000019", "2024-02-01", None, "true", None),
                ("I03", "C0000042", "2024-02-01", "2024-02-07", "false", "Waited in the evening, then gave up"),
                ("I04", "C0000101", "2024-03-01", "2024-03-05", "false", "Praises the repair team in Wuhan"),
                ("I05", "C0000155", "2024-03-01", None, "false", None),
            ),
        ),
        "costs": (
            "cost_id kind team unit month_on amount",
            (
                ("C01", "agent_hour", None, "hour", None, 62.0),
                ("C02", "contact_phone", None, "contact", None, 11.5),
                ("C03", "contact_text", None, "contact", None, 6.8),
                ("C04", "staff", "Hangzhou", "month", "2024-01-01", 61_000.0),
                ("C05", "staff", "Chengdu", "month", "2024-01-01", 58_000.0),
                ("C06", "staff", "Wuhan", "month", "2024-01-01", 57_000.0),
                ("C07", "staff", "Xian", "month", "2024-01-01", 55_500.0),
                ("C08", "tools", None, "month", "2024-01-01", 18_000.0),
            ),
        ),
        "raci": (
            "node responsible accountable consulted informed",
            (
                ("contact", "Agent", "Team lead", "Knowledge editor", "Customer"),
                ("triage", "Agent", "Service lead", "Quality desk", "After-sales lead"),
                ("solution", "After-sales desk", "After-sales lead", "Finance desk", "Agent"),
                ("follow_up", "Agent", "Team lead", "Complaint desk", "Service manager"),
                ("complaint", "Complaint desk", "Service manager", "Team lead", "Product"),
            ),
        ),
        "notes": (
            "note_id period scope notebook author written_on text is_sign_off",
            (
                ("N1", "2024Q1", "all", "04_gap_analysis", "Analyst", "2024-04-12",
                 "The festival fell into this quarter, as in both years before.", "false"),
                ("N2", "2024Q1", "all", "05_report_and_action_plan", "Head of service", "2024-04-15",
                 "Read and agreed; evening staffing comes first.", "true"),
            ),
        ),
        "official_figures": (
            "indicator period value source population window exclusions",
            (
                ("fcr", "2024Q1", 0.84, "hotline vendor", "calls closed by the agent", "24 h", "transferred calls"),
                ("answer_rate", "2024Q1", 0.91, "hotline vendor", "calls", None, "abandoned within 20 s"),
            ),
        ),
    }
)  # fmt: skip


def write_tables(folder: Path) -> list[Path]:
    """Write each edited table as CSV (UTF-8, ISO dates, empty cell for nothing known).

    Parameters
    ----------
    folder : Path
        Usually `data/tables`; made if absent, files of the same name are replaced.

    Returns
    -------
    list of Path
        The files, in the order of `EDITED_ROWS`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, (header, rows) in EDITED_ROWS.items():
        path = folder / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(header.split())
            writer.writerows(rows)
        paths.append(path)
    return paths
