"""Every message that `show` and `publish` put on a page, in English by key; catalogues have them in other languages."""

from __future__ import annotations

from csm_lib.show.messages_of_pages import PAGES
from csm_lib.show.messages_of_reasons import REASONS
from csm_lib.show.messages_of_staffing import STAFFING
from csm_lib.show.translation import in_language, message_in, translated

__all__ = ["MESSAGES", "say"]

MESSAGES: dict[str, str] = {
    **PAGES,
    **REASONS,
    **STAFFING,
    "actual": "Actual",
    "agents": "Agents",
    "alt_bridge": (
        "{title}: the official {official} becomes our {ours}; {explained} is explained by other rows "
        "counted, {rest} is not explained."
    ),
    "alt_compared": (
        "{title}: the largest difference is at {where} ({first} {before}, {second} {after}); on average "
        "{first} {mean_before}, {second} {mean_after}."
    ),
    "alt_backlog": "{title}: {last} open at the last look, {first} at the first; most {high} at {high_at}.",
    "alt_drift_calm": "{title}: the weighted mean stays within its limits at all {n} points; the last is {last}.",
    "alt_drift_signal": (
        "{title}: the weighted mean leaves its limits at {k} of {n} points, first at {where} with "
        "{value} (centre line {centre})."
    ),
    "alt_funnel": "{title}: {k} of {n} groups lie outside the 99.8% limits around {centre}: {names}.",
    "alt_funnel_calm": "{title}: all {n} groups lie within the 99.8% limits around {centre}.",
    "alt_phases": " Limits start anew at: {names}.",
    "alt_ranking": (
        "{title}: {best} ranks first with {best_value} after shrinking ({best_raw} as measured), {worst} "
        "last with {worst_value} ({worst_raw})."
    ),
    "alt_control_calm": "{title}: {n} points, none is a signal; the last is {last}, the centre line {centre}.",
    "alt_control_signal": (
        "{title}: {k} of {n} points are signals, the latest at {where} with {value} (centre line {centre})."
    ),
    "alt_days": (
        "{title}: of {n} days judged over {k} sources {missing} are missing and {late} late, most of "
        "them of {where} ({most})."
    ),
    "alt_days_calm": (
        "{title}: none of {n} days judged over {k} sources is missing or late; the thinnest is {day} of "
        "{where}, with {ratio} of what its weekday brings."
    ),
    "alt_empty": "{title}: nothing was measured.",
    "alt_forecast": (
        "{title}: the forecast from {start} to {end} averages {mean}, the highest is {high} at {where}; "
        "observed before: {before} on average."
    ),
    "alt_heatmap": (
        "{title}: highest on {high_day} at {high_hour}:00 with {high}, lowest on {low_day} at {low_hour}:00 with {low}."
    ),
    "alt_matrix_one": "{title}: one pair, {one} and {other}, with {value}.",
    "alt_matrix": "{title}: of {n} pairs {one} and {other} go together most closely, with {value}.",
    "alt_need_alone": (
        "{title}: of {n} intervals the need is highest at {where} with {high} agents; nobody is known to be on shift."
    ),
    "alt_need_met": "{title}: the agents on shift cover the need in all {n} intervals.",
    "alt_need_short": "{title}: too few agents in {k} of {n} intervals, most at {where}: {missing} missing.",
    "alt_pareto": "{title}: {top} comes first with {share} of {n}; the first {k} make up at least 80%.",
    "alt_scenarios": (
        "{title}: the largest change is at {where}, from {before} to {after}; on average {mean_before} "
        "becomes {mean_after}."
    ),
    "alt_target": " Target {target}: missed by {k} of {n}.",
    "alt_teams": "{title}: {best} is best with {best_value}, {worst} last with {worst_value}.",
    "alt_trend": (
        "{title}: from {first} in {start} to {last} in {end}; highest {high} in {high_at}, lowest {low} in {low_at}."
    ),
    "alt_waterfall": (
        "{title}: {total} in all, {mix} from the mix and {rate} from the rates; the largest part is "
        "{segment} with {part}."
    ),
    "after": "After",
    "age_below_d": "below {bound} days",
    "age_below_h": "below {bound} h",
    "age_from_d": "{bound} days and more",
    "age_from_h": "{bound} h and more",
    "and": " and ",
    "asked_bot": "What a bot would do",
    "asked_causes": "What failures are coded to",
    "asked_forecast": "How good forecasts are",
    "asked_hours": "The worst hours",
    "asked_mix": "Mix or rate",
    "asked_more": "What more agents would do",
    "asked_need": "How many are needed",
    "asked_patience": "Whether one mean patience will do",
    "asked_roster": "The cheapest roster",
    "asked_shrinkage": "Shrinkage on record",
    "asked_where": "Where the gap sits",
    "before": "Before",
    "bridge_exclusions": "Exclusions",
    "bridge_official": "Official figure",
    "bridge_ours": "Ours",
    "bridge_population": "Population",
    "bridge_rest": "Not explained",
    "bridge_undone": "not redone",
    "bridge_window": "Window",
    "cause_part": "{share} are coded to {cause} ({interval})",
    "centre": "Centre line",
    "colon": ": ",
    "comma": ", ",
    "contacts_held": "Live contacts the agent held",
    "count": "Count",
    "course": "Course",
    "cumulative": "Cumulative share",
    "day_closed": "Closed, or no data due",
    "day_late": "Late: too few rows",
    "day_missing": "Missing: no rows",
    "day_ratio": "Rows ÷ usual",
    "edition": "edition {n}",
    "forecast": "Forecast",
    "formula": "Formula",
    "far_limits": "99.8% limits",
    "full_stop": ".",
    "gap_cause": "Supported cause: {cause}.",
    "gap_cause_counted": "Most counted cause: {cause} ({share}).",
    "gap_measure": "Measure: {measure} ({owner}, by {due}).",
    "gap_measure_done": "Measure: {measure} ({owner}, {due}).",
    "gap_no_cause": "No cause is supported by evidence yet.",
    "gap_no_measure": "No measure of the plan answers it.",
    "gap_others": "Off target too, though nearer to it: {names}.",
    "gap_size": "{name}: {value} against a target of {target}.",
    "gap_where": "It sits most where {where}.",
    "highest": "highest",
    "group_size": "Size of the group",
    "hour": "Hour of the day",
    "how_all": "all days",
    "how_fixed": "holidays on a fixed date",
    "how_holiday": "weeks of a moving holiday",
    "how_weekday": "ordinary weekdays",
    "in_points": " points",
    "in_score_points": " points",
    "indicator": "Indicator",
    "interval": "95% interval",
    "interval_at": "{level} interval",
    "kind_and_name": "{kind} {name}",
    "limits": "Control limits",
    "list_joint": ", ",
    "lowest": "lowest",
    "met": "Met?",
    "as_measured": "As measured",
    "mix": "Mix",
    "more_than": "more than {value}",
    "name_of": "{name} ({of})",
    "near_limits": "95% limits",
    "none_outside": "none",
    "open_contacts": "Open contacts",
    "mix_misleads": (
        "Read the overall figure with care: the mix and the rates moved in opposite directions, and the mix won."
    ),
    "n": "n",
    "needed": "Needed",
    "no": "no",
    "no_codes": "no failure carries a cause code",
    "no_gap": "No headline indicator is on the wrong side of its target.",
    "no_measures": "The plan holds no measure for this period.",
    "no_notes": "No note was written for this period.",
    "no_sign_off": "Nobody has signed this report off.",
    "no_failures": "no outcome is known, so no failure can be counted",
    "no_rows": "no rows",
    "no_source": "no source",
    "not_noted": "(not noted)",
    "nobody_missing": "In no interval of a typical week are too few on shift.",
    "not_measured": "not measured",
    "not_measured_because": "Not measured: {reason}.",
    "nothing_due": "No measure of plan {plan} was due.",
    "nothing_stands_out": (
        "No segment stands out from the rest beyond chance: the gap is spread evenly over what was searched."
    ),
    "note": "note",
    "nothing_to_list": "Nothing to list.",
    "observed": "Observed",
    "on_shift": "On shift",
    "on_shift_because": "who is on shift ({reason})",
    "predicted": "Predicted",
    "provisional": "provisional",
    "restated": "Restated since it was first published",
    "restated_data": "data: {what} changed",
    "restated_definition": "the definition of the indicator changed",
    "restated_library": "libraries changed: {what}",
    "restated_line": "{name}: {moved} (edition {edition}, {on}); why: {why}",
    "restated_parameter": "parameters of the run changed: {what}",
    "restated_program": "the program changed",
    "restated_provisional": "it was provisional",
    "restated_setting": "settings changed: {what}",
    "restated_target": "target {was} → {now}",
    "restated_unknown": "nothing that was recorded changed",
    "restated_unseen": "Numbers that moved by less than is shown here: {n}.",
    "restated_verdict": "{was} → {now}",
    "roster_cost": "costing {cost} {currency}",
    "roster_fair": (
        "and in the weeks planned each person has {weekend_min} to {weekend_max} weekend days and "
        "{late_min} to {late_max} late shifts"
    ),
    "roster_gap": "not proven to be the cheapest: nothing cheaper by more than {gap} exists",
    "roster_open": "with {n} intervals not covered, most on {slot}: {missing} people missing",
    "roster_proven": "proven to be the cheapest",
    "roster_today": "where {hours} are worked today",
    "roster_uncovered": "with {hours} agent hours of need that no shift on offer can cover",
    "roster_unproven": "though no proof was found that nothing is cheaper",
    "shrunken": "Shrunken",
    "smoothed": "Weighted mean",
    "what_first_reply_other": "first reply, e-mail and tickets",
    "what_live": "live",
    "what_other": "e-mail and tickets",
    "what_resolution": "acceptance to resolution",
    "what_wait_live": "wait in the queue, live",
    "word_better": "better",
    "word_noise": "noise",
    "word_worse": "worse",
    "segment_part": "the {dimension} is {value}",
    "semicolon": "; ",
    "sentence_attained": (
        "{met} of {n} headline indicators reach their target; {missed} miss it; {close} are too close to call."
    ),
    "sentence_compare": "{name} went from {before} to {value} ({change}).",
    "sentence_rows": "{read} rows were read: {kept} kept and {set_aside} set aside.",
    "sentence_value": "{name}: {value} (95% interval {interval}, n = {n}).",
    "sentence_value_target": (
        "{name}: {value} (95% interval {interval}, n = {n}) against a target of {target}: {verdict}."
    ),
    "sentence_unmeasured": "{name}: not measured, {reason}.",
    "rate": "Rate",
    "shortage": "Too few",
    "sign_off": "sign-off",
    "signal": "Signal",
    "small_groups": "Groups too small to be shown, for a person could be recognised, or next to one: {n}.",
    "source": "Source",
    "status_done_late": "done late",
    "status_done_on_time": "done on time",
    "status_open": "open",
    "status_overdue": "overdue",
    "tally_all_met": "All {n} headline indicators met their target",
    "tally_all_met_one": "The one headline indicator met its target",
    "tally_all_met_two": "Both headline indicators met their target",
    "tally_all_missed": "All {n} headline indicators missed their target",
    "tally_all_missed_one": "The one headline indicator missed its target",
    "tally_all_missed_two": "Both headline indicators missed their target",
    "tally_met": "{met} of {n} headline indicators met their target",
    "tally_missed": "{n} missed it",
    "tally_no_target": "{n} have no target",
    "tally_no_target_one": "{n} has no target",
    "tally_none_met": "None of the {n} headline indicators met its target",
    "tally_too_close": "{n} are too close to call",
    "tally_too_close_one": "{n} is too close to call",
    "tally_not_measured": "{n} were not measured",
    "tally_not_measured_one": "{n} was not measured",
    "target": "Target",
    "title_with_unit": "{title} ({unit})",
    "total": "Total",
    "unit_n": "count",
    "unit_points": "points",
    "unit_s": "seconds",
    "unit_min": "minutes",
    "unit_h": "hours",
    "unit_score": "score",
    "unit_money": "amount",
    "unit_number": "number",
    "unit_share": "%",
    "unplanned": "Missed, and without a measure in this plan: {names}.",
    "verdict": "Verdict",
    "verdict_met": "met",
    "verdict_missed": "missed",
    "verdict_no_target": "no target",
    "verdict_not_measured": "not measured",
    "verdict_too_close": "too close to call",
    "weekdays": "Mon Tue Wed Thu Fri Sat Sun",
    "where": " where ",
    "within": " (of those where {part})",
    "within_mix": (
        "{group} moved by {change}, but only because it was given other contacts: {mix} is mix, {rate} "
        "is rate (95% interval {interval}, which includes no change)."
    ),
    "within_none": "No {group} got worse beyond chance, neither by its rate nor by its mix.",
    "within_rate": (
        "{group} moved by {change} and did get worse at the same kinds of contacts: {rate} is rate (95% "
        "interval {interval}), {mix} is mix."
    ),
    "yes": "yes",
}


def say(key: str, language: str | None = None, **values: object) -> str:
    """Write a message in a language.

    Parameters
    ----------
    key : str
        A key of `MESSAGES`.
    language : str, optional
    **values : object
        What the message has places for, already written out (`csm_lib.show.format`); words that a catalogue has are
        written in the language.

    Returns
    -------
    str

    Examples
    --------
    >>> say("verdict_missed"), say("verdict_missed", "zh")
    ('missed', '未达标')
    """
    chosen = in_language(language)
    said = {name: translated(value, chosen) if isinstance(value, str) else value for name, value in values.items()}
    return message_in(chosen, key, MESSAGES[key]).format(**said)
