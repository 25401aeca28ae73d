"""Which files the sample writes, quarter by quarter, and what dirt went into each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from csm_lib.collect.sample.clock import quarter_of, written
from csm_lib.collect.sample.contacts import PHONE, Columns
from csm_lib.collect.sample.exports import add_dirt, write_csv
from csm_lib.collect.sample.messages import FIRST_QUARTER
from csm_lib.collect.sample.organisation import QUARTERS
from csm_lib.collect.sample.spreadsheet import write_xlsx
from csm_lib.collect.sample.systems import (
    People,
    agent_table,
    complaint_table,
    contact_ids,
    hotline_table,
    message_table,
    name_people,
    order_table,
    review_table,
    roster_table,
    sentences,
    status_table,
    survey_table,
    ticket_table,
)
from csm_lib.collect.sample.world import World

__all__ = ["Written", "write_files"]

Written = dict[str, dict[str, int]]
_SECRET_SHARE = 0.015
_BACKWARDS_S = 60


def _rows(columns: Columns, chosen: np.ndarray) -> Columns:
    return {name: values[chosen] for name, values in columns.items()}


def write_files(folder: Path, world: World) -> tuple[Written, dict[str, list[str]]]:
    """Write every export.

    Parameters
    ----------
    folder : Path
        Gets one sub-folder per system that exports quarter by quarter.
    world : World

    Returns
    -------
    written : dict of str to dict of str to int
        Per file (relative, `/`-separated): `rows` in the file, blank ones included, and the dirty ones by reason.
    secrets : dict of str to list of str
        Invented personal data: `comments` (inside free text) and `columns` (a selection of what personal columns hold).
    """
    rng = world.streams["names"]
    customers = name_people(rng, world.n_customers, prefix="C", area="1990")
    staff = name_people(rng, len(world.agents.team), prefix="A", area="1991")
    ids = contact_ids(world.contacts)
    written_files: Written = {}
    _write_contacts(folder, world, ids, staff.id, customers, written_files)
    _write_log_and_roster(folder, world, ids, staff.id, written_files)
    _write_messages(folder, world, ids, written_files)
    secrets = _write_surveys(folder, world, ids, customers, written_files)
    _write_reviews(folder, world, ids, written_files)
    for name, table, encoding in (
        ("agents.csv", agent_table(world.agents, staff), "utf-8-sig"),
        ("complaints.csv", complaint_table(world.complaints, world.contacts, ids, customers), "utf-8"),
        ("orders.csv", order_table(world.orders, customers), "utf-8"),
    ):
        write_csv(folder / name, table, encoding=encoding)
        written_files[name] = {"rows": table.num_rows}
    some = pa.array(rng.choice(world.n_customers, 20, replace=False))
    columns = [pc.take(part, some).to_pylist() for part in (customers.name, customers.phone, customers.email)]
    staff_names = staff.phone.to_pylist()[:10]
    return written_files, {"comments": secrets, "columns": [*columns[0], *columns[1], *columns[2], *staff_names]}


def _note(written_files: Written, path: str, table: pa.Table, counts: Mapping[str, int]) -> None:
    written_files[path] = {"rows": table.num_rows, **counts}


def _write_contacts(
    folder: Path, world: World, ids: pa.Array, agent_ids: pa.Array, customers: People, written_files: Written
) -> None:
    """Write the hotline's and the ticket system's files of every quarter."""
    contacts, dirt = world.contacts, world.streams["dirt"]
    quarter = quarter_of(contacts["created"])
    for number, row in enumerate(QUARTERS):
        chosen = np.flatnonzero((quarter == number) & (contacts["channel"] == PHONE))
        calls = _rows(contacts, chosen)
        table = hotline_table(calls, ids.take(pa.array(chosen)), agent_ids, customers)
        broken = _broken(calls, "QueueEnter", "Channel", ("Fax", "Telex"), style="iso")
        table, counts = add_dirt(dirt, table, key="CallID", broken=broken)
        path = f"hotline/hotline_{row.name}.csv"
        write_csv(folder / path, table)
        _note(written_files, path, table, counts)
        chosen = np.flatnonzero((quarter == number) & (contacts["channel"] != PHONE))
        texts = _rows(contacts, chosen)
        table = ticket_table(texts, ids.take(pa.array(chosen)), agent_ids, customers)
        broken = _broken(texts, "进入排队时间", "渠道", ("传真", "BBS"), style="slash")
        table, counts = add_dirt(dirt, table, key="工单编号", broken=broken)
        path = f"tickets/tickets_{row.name}.csv"
        write_csv(folder / path, table, encoding="gb18030")
        _note(written_files, path, table, counts)


def _broken(
    columns: Columns, queue: str, channel: str, unknown: tuple[str, str], *, style: str
) -> dict[str, tuple[np.ndarray, dict[str, pa.Array]]]:
    """Say which rows may be copied with a queue entry after the answer, or with a channel nobody knows."""
    answered = columns["answered"]
    late = written(np.where(answered >= 0, answered + _BACKWARDS_S, -1), style=style)
    n_rows = len(answered)
    words = pa.array(np.resize(np.array(unknown), n_rows))
    return {
        "time_order": (np.flatnonzero((columns["queue"] >= 0) & (answered >= 0)), {queue: late}),
        "unknown_word": (np.arange(n_rows), {channel: words}),
    }


def _write_log_and_roster(
    folder: Path, world: World, ids: pa.Array, agent_ids: pa.Array, written_files: Written
) -> None:
    """Write the status log (by the quarter of the contact) and the roster."""
    log_quarter = quarter_of(world.contacts["created"][world.log["contact"]])
    shift_quarter = quarter_of(world.shifts.start_s)
    roster = roster_table(world.shifts, world.agents, agent_ids)
    for number, row in enumerate(QUARTERS):
        log = _rows(world.log, np.flatnonzero(log_quarter == number))
        table = status_table(log, world.contacts, ids, agent_ids)
        path = f"status_log/status_log_{row.name}.csv"
        write_csv(folder / path, table, encoding="utf-8-sig", delimiter=";")
        _note(written_files, path, table, {})
        shifts = roster.take(pa.array(np.flatnonzero(shift_quarter == number)))
        path = f"roster/roster_{row.name}.csv"
        write_csv(folder / path, shifts)
        _note(written_files, path, shifts, {})


def _write_messages(folder: Path, world: World, ids: pa.Array, written_files: Written) -> None:
    """Write the chat tool's messages, by the quarter of the chat."""
    quarter = quarter_of(world.contacts["created"][world.messages["contact"]])
    for number in range(FIRST_QUARTER, len(QUARTERS)):
        table = message_table(_rows(world.messages, np.flatnonzero(quarter == number)), ids)
        path = f"messages/messages_{QUARTERS[number].name}.csv"
        write_csv(folder / path, table)
        _note(written_files, path, table, {})


def _write_surveys(folder: Path, world: World, ids: pa.Array, customers: People, written_files: Written) -> list[str]:
    """Write the questionnaires of every quarter of sending; gives the secrets that customers wrote into comments."""
    surveys = {name: values for name, values in world.surveys.items() if name != "all_satisfied"}
    surveys["number"] = np.arange(len(surveys["sent"]))
    comments, secrets = _with_secrets(world.streams["names"], surveys, world.contacts, customers)
    late = surveys["sent"] > world.contacts["closed"][surveys["contact"]] + 86_400
    quarter = quarter_of(surveys["sent"])
    for number, row in enumerate(QUARTERS):
        chosen = np.flatnonzero(quarter == number)
        some = _rows(surveys, chosen)
        table = survey_table(some, world.contacts, ids, customers, comments.take(pa.array(chosen)))
        before = written(np.where(some["answered"] >= 0, some["sent"] - 600, -1))
        broken = {"time_order": (np.flatnonzero(some["answered"] >= 0), {"作答时间": before})}
        table, counts = add_dirt(world.streams["dirt"], table, key="问卷编号", broken=broken)
        path = f"surveys/surveys_{row.name}.xlsx"
        write_xlsx(folder / path, table, sheet="问卷")
        _note(written_files, path, table, counts | {"late_survey": int(late[chosen].sum())})
    return secrets


def _with_secrets(
    rng: np.random.Generator, surveys: Columns, contacts: Columns, customers: People
) -> tuple[pa.Array, list[str]]:
    """Append personal data to a few comments, as customers do."""
    texts = np.array(sentences(surveys).to_pylist(), dtype=object)
    customer = contacts["customer"][surveys["contact"]]
    rows = np.flatnonzero((surveys["theme"] >= 0) & (customer >= 0) & (rng.random(len(texts)) < _SECRET_SHARE))
    secrets: list[str] = []
    phones = pc.take(customers.phone, pa.array(customer[rows])).to_pylist()
    emails = pc.take(customers.email, pa.array(customer[rows])).to_pylist()
    for row, phone, email in zip(rows, phones, emails, strict=True):
        secret, phrase = (phone, "，请回电") if len(secrets) % 3 else (email, "，请发邮件到")
        texts[row] += phrase + secret
        secrets.append(secret)
    return pa.array(texts, pa.string()), secrets


def _write_reviews(folder: Path, world: World, ids: pa.Array, written_files: Written) -> None:
    """Write the quality team's spreadsheets, by the quarter of the reviewed contact."""
    reviews = world.reviews | {"number": np.arange(len(world.reviews["contact"]))}
    quarter = quarter_of(world.contacts["created"][reviews["contact"]])
    for number, row in enumerate(QUARTERS):
        some = _rows(reviews, np.flatnonzero(quarter == number))
        table = review_table(some, world.contacts, ids)
        table, counts = add_dirt(world.streams["dirt"], table, key="ReviewID", broken={})
        path = f"reviews/reviews_{row.name}.xlsx"
        write_xlsx(folder / path, table, sheet="Reviews")
        _note(written_files, path, table, counts)
