"""The indicator dictionary: one row per indicator, and what is printed as the definition is what runs.

`numerator` and `denominator` are SQL expressions over the columns of one fact row, in the dialect that DuckDB and Spark
SQL share. A row is in the population where the denominator is present and not 0; the value is the ratio of the sums.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

from csm_lib.definitions.facts import FACTS
from csm_lib.errors import SettingError

__all__ = ["INDICATORS", "Indicator", "indicator"]

Dimension = Literal["efficiency", "quality", "experience"]
HotlineDimension = Literal["responsiveness", "accuracy", "empathy", "professionalism"]
Aggregation = Literal["share", "mean", "net", "weighted_share", "ratio"]


@dataclass(frozen=True)
class Indicator:
    """One indicator.

    Attributes
    ----------
    key, name_en, name_zh : str
    dimension, hotline_dimension : str
        Label in the three-dimension scheme, and in the hotline literature's four.
    definition : str
        One sentence a reader without statistics understands.
    formula : str
        Numerator ÷ denominator in words.
    grain, denominator_grain : str
        What one row is; the denominator's own grain where it differs.
    numerator, denominator : str
        SQL row expressions.
    aggregation : str
        share: 0 or 1 over 0 or 1; mean: a number over 0 or 1; net: −1, 0 or 1; weighted_share: weight × 0 or 1 over
        weight; ratio: counts of two grains.
    unit : str
        s (seconds), share (0–1), points (share difference −1 to 1), score (1–5).
    better : str
        higher or lower.
    cluster : str or None
        Column whose rows depend on each other; the interval allows for it.
    exclusions : mapping of str to str
        Reason to SQL condition: rows a reader might expect in the population and that are not.
    source : str
        Tables the number rests on.
    is_estimate : bool
        True if it is a sample of what it speaks of: then there is a verdict and no plain "met".
    fallback : Indicator or None
        What stands for it where no row of the data fills its columns; `method` then carries `basis`.
    basis : str
        What a fallback rests on, in words.
    """

    key: str
    name_en: str
    name_zh: str
    dimension: Dimension
    hotline_dimension: HotlineDimension
    definition: str
    formula: str
    grain: str
    numerator: str
    denominator: str
    aggregation: Aggregation
    unit: Literal["s", "share", "points", "score"]
    better: Literal["higher", "lower"]
    source: str
    cluster: str | None = None
    denominator_grain: str | None = None
    exclusions: MappingProxyType[str, str] = field(default_factory=lambda: MappingProxyType({}))
    is_estimate: bool = False
    fallback: Indicator | None = None
    basis: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of `grain` that the numerator (and, in the same grain, the denominator) read."""
        texts = [self.numerator] if self.denominator_grain else [self.numerator, self.denominator]
        return _columns_in(self.grain, texts)

    @property
    def denominator_columns(self) -> tuple[str, ...]:
        """Columns of `denominator_grain` that the denominator reads; empty where there is only one grain."""
        return _columns_in(self.denominator_grain, [self.denominator]) if self.denominator_grain else ()


def _columns_in(grain: str, texts: list[str]) -> tuple[str, ...]:
    words = {word for text in texts for word in re.findall(r"[A-Za-z_]\w*", re.sub(r"'[^']*'", "", text))}
    return tuple(column for column in FACTS[grain].columns if column in words)


def _rows(**conditions: str) -> MappingProxyType[str, str]:
    return MappingProxyType(conditions)



# where a questionnaire has no overall question: its four items, pooled
_ITEMS = ("speed", "accuracy_rating", "attitude", "outcome")
_ITEM_RATINGS = " + ".join(f"CASE WHEN {item} IS NOT NULL THEN 1 ELSE 0 END" for item in _ITEMS)
_ITEM_TOP_TWO = " + ".join(f"CASE WHEN {item} >= 4 THEN 1 ELSE 0 END" for item in _ITEMS)
_ITEM_SUM = " + ".join(f"COALESCE({item}, 0)" for item in _ITEMS)


def _pooled(row: Indicator, numerator: str) -> Indicator:
    """Give a satisfaction row with the four items pooled as its fallback."""
    unrated = _rows(not_rated=f"({_ITEM_RATINGS}) = 0")
    items = replace(
        row,
        numerator=numerator,
        denominator=_ITEM_RATINGS,
        exclusions=unrated,
        basis="from the four items pooled, no overall question",
    )
    return replace(row, fallback=items)


_INDICATORS = (
    Indicator(
        key="frt",
        name_en="First response",
        name_zh="首次响应时长",
        dimension="efficiency",
        hotline_dimension="responsiveness",
        definition="Mean time from asking for a human to the first human reply, over answered live contacts that asked "
        "in opening hours. The unanswered are not in it: read it beside the answer rate.",
        formula="sum of first response times ÷ answered live contacts",
        grain="contact",
        numerator="CASE WHEN is_offered AND is_answered THEN first_response_s END",
        denominator="CASE WHEN is_offered AND is_answered AND first_response_s IS NOT NULL THEN 1 END",
        aggregation="mean",
        unit="s",
        better="lower",
        cluster="local_date",
        exclusions=_rows(
            not_answered="is_offered AND NOT is_answered",
            time_unknown="is_offered AND is_answered AND first_response_s IS NULL",
        ),
        source="contacts",
    ),
    Indicator(
        key="frt_from_start",
        name_en="First response from the very start",
        name_zh="首次响应时长（自进线起）",
        dimension="efficiency",
        hotline_dimension="responsiveness",
        definition="The same, counted from the customer's very start (menu and bot included).",
        formula="sum of times from creation to first human reply ÷ answered live contacts",
        grain="contact",
        numerator="CASE WHEN is_offered AND is_answered THEN first_response_from_start_s END",
        denominator="CASE WHEN is_offered AND is_answered AND first_response_from_start_s IS NOT NULL THEN 1 END",
        aggregation="mean",
        unit="s",
        better="lower",
        cluster="local_date",
        source="contacts",
    ),
    Indicator(
        key="frt_async",
        name_en="First response, e-mail and tickets",
        name_zh="首次响应时长（邮件与工单）",
        dimension="efficiency",
        hotline_dimension="responsiveness",
        definition="Mean business time from creation to the first human reply, over answered asynchronous contacts.",
        formula="sum of first response business times ÷ answered asynchronous contacts",
        grain="contact",
        numerator="CASE WHEN NOT is_live THEN first_response_business_s END",
        denominator="CASE WHEN NOT is_live AND first_response_business_s IS NOT NULL THEN 1 END",
        aggregation="mean",
        unit="s",
        better="lower",
        cluster="local_date",
        exclusions=_rows(not_answered_yet="NOT is_live AND first_response_business_s IS NULL"),
        source="contacts",
    ),
    Indicator(
        key="aht",
        name_en="Handle time",
        name_zh="平均处理时长",
        dimension="efficiency",
        hotline_dimension="responsiveness",
        definition="Mean agent time per handled contact: talk, hold and wrap-up, or active handling for text. The guides' "
        "AHT (acceptance to resolution) is our resolution time.",
        formula="sum of handle times ÷ handled contacts",
        grain="contact",
        numerator="CASE WHEN is_handled THEN handle_s END",
        denominator="CASE WHEN is_handled AND handle_s IS NOT NULL THEN 1 END",
        aggregation="mean",
        unit="s",
        better="lower",
        cluster="local_date",
        exclusions=_rows(
            no_human_worked_on_it="NOT is_handled", handle_time_unknown="is_handled AND handle_s IS NULL"
        ),
        source="contacts",
    ),
    Indicator(
        key="resolution_time",
        name_en="Acceptance to resolution",
        name_zh="受理到解决时长",
        dimension="efficiency",
        hotline_dimension="professionalism",
        definition="Mean time from creation to resolution, over handled contacts that are resolved; the open ones are "
        "counted beside it.",
        formula="sum of times to resolution ÷ resolved handled contacts",
        grain="contact",
        numerator="CASE WHEN is_handled THEN resolution_s END",
        denominator="CASE WHEN is_handled AND resolution_s IS NOT NULL THEN 1 END",
        aggregation="mean",
        unit="s",
        better="lower",
        cluster="local_date",
        exclusions=_rows(
            no_human_worked_on_it="NOT is_handled", not_resolved="is_handled AND resolution_s IS NULL"
        ),
        source="contacts",
    ),
    Indicator(
        key="fcr",
        name_en="First contact resolution",
        name_zh="一次性解决率",
        dimension="quality",
        hotline_dimension="professionalism",
        definition="Share of closed human-handled contacts that were resolved, not reopened and not followed by another "
        "attempt of the same customer on the same issue, on any channel, within the repeat window.",
        formula="resolved at the first handling ÷ closed handled contacts with a whole repeat window",
        grain="contact",
        numerator="CASE WHEN is_first_contact_resolved THEN 1 WHEN NOT is_first_contact_resolved THEN 0 END",
        denominator="CASE WHEN is_first_contact_resolved IS NOT NULL THEN 1 END",
        aggregation="share",
        unit="share",
        better="higher",
        cluster="customer_id",
        exclusions=_rows(
            no_human_worked_on_it="NOT is_handled",
            outcome_unknown="is_handled AND is_resolved IS NULL",
            customer_or_issue_unknown="customer_id IS NULL OR issue IS NULL",
            window_open_or_customer_or_issue_unknown="is_first_contact_resolved IS NULL",
        ),
        source="contacts",
    ),
    Indicator(
        key="repeat_rate",
        name_en="Repeat contacts",
        name_zh="重复联络率",
        dimension="quality",
        hotline_dimension="professionalism",
        definition="Share of the same contacts that were followed by another attempt within the repeat window.",
        formula="followed by another attempt ÷ closed handled contacts with a whole repeat window",
        grain="contact",
        numerator="CASE WHEN is_repeat THEN 1 WHEN NOT is_repeat THEN 0 END",
        denominator="CASE WHEN is_repeat IS NOT NULL THEN 1 END",
        aggregation="share",
        unit="share",
        better="lower",
        cluster="customer_id",
        source="contacts",
    ),
    Indicator(
        key="answer_rate",
        name_en="Answer rate",
        name_zh="接通率",
        dimension="efficiency",
        hotline_dimension="responsiveness",
        definition="Share of offered contacts that a human answered; short abandons count as offered.",
        formula="answered ÷ offered",
        grain="contact",
        numerator="CASE WHEN is_offered AND is_answered THEN 1 WHEN is_offered THEN 0 END",
        denominator="CASE WHEN is_offered THEN 1 END",
        aggregation="share",
        unit="share",
        better="higher",
        cluster="local_date",
        exclusions=_rows(not_offered="is_offered IS NULL OR NOT is_offered"),
        source="contacts",
    ),
    Indicator(
        key="abandon_rate",
        name_en="Abandonment",
        name_zh="放弃率",
        dimension="efficiency",
        hotline_dimension="responsiveness",
        definition="Share of offered contacts whose customer left before a human answered.",
        formula="abandoned ÷ offered",
        grain="contact",
        numerator="CASE WHEN is_offered AND is_abandoned THEN 1 WHEN is_offered THEN 0 END",
        denominator="CASE WHEN is_offered THEN 1 END",
        aggregation="share",
        unit="share",
        better="lower",
        cluster="local_date",
        exclusions=_rows(not_offered="is_offered IS NULL OR NOT is_offered"),
        source="contacts",
    ),
    Indicator(
        key="abandon_rate_short",
        name_en="Short abandonment",
        name_zh="短时放弃率",
        dimension="efficiency",
        hotline_dimension="responsiveness",
        definition="Share of offered contacts whose customer left within the short-abandon threshold.",
        formula="abandoned within the threshold ÷ offered",
        grain="contact",
        numerator="CASE WHEN is_offered AND is_short_abandon THEN 1 WHEN is_offered THEN 0 END",
        denominator="CASE WHEN is_offered THEN 1 END",
        aggregation="share",
        unit="share",
        better="lower",
        cluster="local_date",
        source="contacts",
    ),
    Indicator(
        key="service_level",
        name_en="Service level",
        name_zh="服务水平",
        dimension="efficiency",
        hotline_dimension="responsiveness",
        definition="Share of offered contacts answered within the threshold; an abandoned contact is never in time.",
        formula="answered within the threshold ÷ offered",
        grain="contact",
        numerator="CASE WHEN is_offered AND is_in_time THEN 1 WHEN is_offered THEN 0 END",
        denominator="CASE WHEN is_offered THEN 1 END",
        aggregation="share",
        unit="share",
        better="higher",
        cluster="local_date",
        exclusions=_rows(not_offered="is_offered IS NULL OR NOT is_offered"),
        source="contacts",
    ),
    Indicator(
        key="wait_answered",
        name_en="Waiting, answered contacts",
        name_zh="等待时长（已接通）",
        dimension="efficiency",
        hotline_dimension="responsiveness",
        definition="Mean time from queue entry to the answer, over answered offered contacts.",
        formula="sum of waits ÷ answered contacts",
        grain="contact",
        numerator="CASE WHEN is_offered AND is_answered THEN wait_s END",
        denominator="CASE WHEN is_offered AND is_answered AND wait_s IS NOT NULL THEN 1 END",
        aggregation="mean",
        unit="s",
        better="lower",
        cluster="local_date",
        exclusions=_rows(not_answered="is_offered AND NOT is_answered"),
        source="contacts",
    ),
    Indicator(
        key="wait_offered",
        name_en="Waiting, all offered contacts",
        name_zh="等待时长（全部请求）",
        dimension="efficiency",
        hotline_dimension="responsiveness",
        definition="Mean time from queue entry to the answer or the abandonment, over all offered contacts.",
        formula="sum of waits ÷ offered contacts",
        grain="contact",
        numerator="CASE WHEN is_offered THEN wait_s END",
        denominator="CASE WHEN is_offered AND wait_s IS NOT NULL THEN 1 END",
        aggregation="mean",
        unit="s",
        better="lower",
        cluster="local_date",
        exclusions=_rows(still_waiting="is_offered AND wait_s IS NULL"),
        source="contacts",
    ),
    Indicator(
        key="sla_response",
        name_en="SLA, response",
        name_zh="响应 SLA 达成率",
        dimension="efficiency",
        hotline_dimension="responsiveness",
        definition="Share of contacts whose first response met its policy.",
        formula="response clocks that met their policy ÷ response clocks judged",
        grain="contact",
        numerator="CASE WHEN met_response_sla THEN 1 WHEN NOT met_response_sla THEN 0 END",
        denominator="CASE WHEN met_response_sla IS NOT NULL THEN 1 END",
        aggregation="share",
        unit="share",
        better="higher",
        cluster="local_date",
        source="contacts",
    ),
    Indicator(
        key="sla_resolution",
        name_en="SLA, resolution",
        name_zh="解决 SLA 达成率",
        dimension="efficiency",
        hotline_dimension="professionalism",
        definition="Share of contacts whose resolution met its policy, as judged by the source system where it says so.",
        formula="resolution clocks that met their policy ÷ resolution clocks judged",
        grain="contact",
        numerator="CASE WHEN met_resolution_sla THEN 1 WHEN NOT met_resolution_sla THEN 0 END",
        denominator="CASE WHEN met_resolution_sla IS NOT NULL THEN 1 END",
        aggregation="share",
        unit="share",
        better="higher",
        cluster="local_date",
        source="contacts",
    ),
    Indicator(
        key="self_service_rate",
        name_en="Self-service",
        name_zh="自助解决率",
        dimension="efficiency",
        hotline_dimension="responsiveness",
        definition="Share of all contacts solved without a human.",
        formula="solved without a human ÷ all contacts",
        grain="contact",
        numerator="CASE WHEN is_self_service THEN 1 WHEN NOT is_self_service THEN 0 END",
        denominator="CASE WHEN is_self_service IS NOT NULL THEN 1 END",
        aggregation="share",
        unit="share",
        better="higher",
        cluster="local_date",
        source="contacts",
    ),
    Indicator(
        key="resolution_rate",
        name_en="Resolution",
        name_zh="问题解决率",
        dimension="quality",
        hotline_dimension="professionalism",
        definition="Share of handled contacts that were finally resolved.",
        formula="finally resolved ÷ handled",
        grain="contact",
        numerator="CASE WHEN is_handled AND is_resolved THEN 1 WHEN is_handled AND NOT is_resolved THEN 0 END",
        denominator="CASE WHEN is_handled AND is_resolved IS NOT NULL THEN 1 END",
        aggregation="share",
        unit="share",
        better="higher",
        cluster="customer_id",
        exclusions=_rows(
            no_human_worked_on_it="NOT is_handled", outcome_unknown="is_handled AND is_resolved IS NULL"
        ),
        source="contacts",
    ),
    Indicator(
        key="accuracy",
        name_en="Service accuracy",
        name_zh="服务准确率",
        dimension="quality",
        hotline_dimension="accuracy",
        definition="Share of right answers in randomly selected reviews, one per contact, weighted to the contacts they "
        "were drawn from.",
        formula="weighted right answers ÷ weighted random reviews",
        grain="review",
        numerator="CASE WHEN is_counted AND is_accurate THEN review_weight WHEN is_counted AND NOT is_accurate THEN 0 END",
        denominator="CASE WHEN is_counted AND is_accurate IS NOT NULL THEN review_weight END",
        aggregation="weighted_share",
        unit="share",
        better="higher",
        exclusions=_rows(
            not_randomly_selected="selection IS NULL OR selection <> 'random'",
            further_review_of_the_same_contact="selection = 'random' AND NOT is_counted",
        ),
        source="reviews",
        is_estimate=True,
    ),
    Indicator(
        key="script_adherence",
        name_en="Script adherence",
        name_zh="话术规范度",
        dimension="quality",
        hotline_dimension="professionalism",
        definition="Share of randomly selected reviews in which the agent kept to the script, weighted as accuracy.",
        formula="weighted reviews that follow the script ÷ weighted random reviews",
        grain="review",
        numerator="CASE WHEN is_counted AND follows_script THEN script_weight "
        "WHEN is_counted AND NOT follows_script THEN 0 END",
        denominator="CASE WHEN is_counted AND follows_script IS NOT NULL THEN script_weight END",
        aggregation="weighted_share",
        unit="share",
        better="higher",
        source="reviews",
        is_estimate=True,
    ),
    Indicator(
        key="info_completeness",
        name_en="Information completeness",
        name_zh="信息完整度",
        dimension="quality",
        hotline_dimension="accuracy",
        definition="Share of randomly selected reviews in which the record was complete, weighted as accuracy.",
        formula="weighted complete records ÷ weighted random reviews",
        grain="review",
        numerator="CASE WHEN is_counted AND is_complete THEN completeness_weight WHEN is_counted AND NOT is_complete THEN 0 END",
        denominator="CASE WHEN is_counted AND is_complete IS NOT NULL THEN completeness_weight END",
        aggregation="weighted_share",
        unit="share",
        better="higher",
        source="reviews",
        is_estimate=True,
    ),
    _pooled(
        Indicator(
            key="csat",
            name_en="Satisfaction, top two",
            name_zh="客户满意度",
            dimension="experience",
            hotline_dimension="empathy",
            definition="Share of ratings that are 4 or 5 of 5: of the overall question where there is one, else of the four items pooled.",
            formula="ratings 4 and 5 ÷ ratings",
            grain="survey",
            numerator="CASE WHEN csat >= 4 THEN 1 WHEN csat < 4 THEN 0 END",
            denominator="CASE WHEN csat IS NOT NULL THEN 1 END",
            aggregation="share",
            unit="share",
            better="higher",
            cluster="customer_id",
            exclusions=_rows(not_rated="csat IS NULL"),
            source="surveys",
            is_estimate=True,
        ),
        _ITEM_TOP_TWO,
    ),
    _pooled(
        Indicator(
            key="csat_mean",
            name_en="Satisfaction, mean",
            name_zh="满意度均分",
            dimension="experience",
            hotline_dimension="empathy",
            definition="Mean rating, 1 to 5: of the overall question where there is one, else of the four items pooled.",
            formula="sum of ratings ÷ ratings",
            grain="survey",
            numerator="csat",
            denominator="CASE WHEN csat IS NOT NULL THEN 1 END",
            aggregation="mean",
            unit="score",
            better="higher",
            cluster="customer_id",
            exclusions=_rows(not_rated="csat IS NULL"),
            source="surveys",
            is_estimate=True,
        ),
        _ITEM_SUM,
    ),
    Indicator(
        key="nps",
        name_en="Net promoter score",
        name_zh="净推荐值",
        dimension="experience",
        hotline_dimension="empathy",
        definition="Share of customers who would recommend us with 9 or 10 of 10, minus the share with 0 to 6.",
        formula="(answers 9–10 − answers 0–6) ÷ answers",
        grain="survey",
        numerator="CASE WHEN recommend >= 9 THEN 1 WHEN recommend <= 6 THEN -1 WHEN recommend IS NOT NULL THEN 0 END",
        denominator="CASE WHEN recommend IS NOT NULL THEN 1 END",
        aggregation="net",
        unit="points",
        better="higher",
        cluster="customer_id",
        exclusions=_rows(not_answered="recommend IS NULL"),
        source="surveys",
        is_estimate=True,
    ),
    Indicator(
        key="recommend_net",
        name_en="Recommendation, three answers",
        name_zh="推荐意愿",
        dimension="experience",
        hotline_dimension="empathy",
        definition="Share willing to recommend us minus share unwilling; a different scale from the net promoter score.",
        formula="(willing − unwilling) ÷ answers",
        grain="survey",
        numerator="CASE WHEN would_recommend = 'yes' THEN 1 WHEN would_recommend = 'no' THEN -1 "
        "WHEN would_recommend = 'unsure' THEN 0 END",
        denominator="CASE WHEN would_recommend IS NOT NULL THEN 1 END",
        aggregation="net",
        unit="points",
        better="higher",
        cluster="customer_id",
        source="surveys",
        is_estimate=True,
    ),
    Indicator(
        key="complaint_rate",
        name_en="Complaints",
        name_zh="投诉率",
        dimension="experience",
        hotline_dimension="empathy",
        definition="Complaints received in the period, from the system and found by review, each counted once, per "
        "contact handled in the period.",
        formula="complaints received ÷ handled contacts",
        grain="complaint",
        numerator="CASE WHEN is_counted THEN 1 END",
        denominator="CASE WHEN is_handled THEN 1 END",
        denominator_grain="contact",
        aggregation="ratio",
        unit="share",
        better="lower",
        cluster="customer_id",
        exclusions=_rows(same_complaint_reported_again="NOT is_counted"),
        source="complaints, contacts",
    ),
    Indicator(
        key="escalation_rate",
        name_en="Complaint escalation",
        name_zh="投诉升级率",
        dimension="experience",
        hotline_dimension="professionalism",
        definition="Share of complaints that were escalated: as coded, otherwise unresolved after 24 hours.",
        formula="escalated complaints ÷ complaints",
        grain="complaint",
        numerator="CASE WHEN is_counted AND is_escalated THEN 1 WHEN is_counted AND NOT is_escalated THEN 0 END",
        denominator="CASE WHEN is_counted AND is_escalated IS NOT NULL THEN 1 END",
        aggregation="share",
        unit="share",
        better="lower",
        exclusions=_rows(same_complaint_reported_again="NOT is_counted"),
        source="complaints",
    ),
)

INDICATORS = MappingProxyType({row.key: row for row in _INDICATORS})


def indicator(key: str) -> Indicator:
    """Give an indicator by key.

    Raises
    ------
    SettingError
        If there is none of that key; the message lists the keys.

    Examples
    --------
    >>> indicator("fcr").unit
    'share'
    """
    if key not in INDICATORS:
        raise SettingError(f"indicator must be one of {', '.join(INDICATORS)}, got {key!r}. Correct the key.")
    return INDICATORS[key]
