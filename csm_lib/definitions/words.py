"""The closed word lists and the glossary: one concept, one word.

A value outside a closed list is refused with the list, or mapped to a word of it in the source file.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["GLOSSARY", "SPELLINGS", "WORD_LISTS", "Term", "words_of"]


@dataclass(frozen=True)
class Term:
    """One glossary entry: the word, its Chinese form where the reports use one, and what it means."""

    word: str
    word_zh: str
    meaning: str


WORD_LISTS = MappingProxyType(
    {
        "channel": (
            "phone",
            "chat",
            "app",
            "mini_programme",
            "social",
            "email",
            "ticket",
            "web_form",
            "counter",
            "other",
        ),
        "contact_status": ("new", "open", "waiting_customer", "waiting_other", "resolved", "closed", "withdrawn", "merged"),
        "stage": ("pre-sales", "in-sales", "after-sales"),
        "priority": ("low", "normal", "high", "urgent"),
        "sender": ("customer", "agent", "bot"),
        "selection": ("random", "targeted", "calibration", "mystery"),
        "would_recommend": ("yes", "unsure", "no"),
        "complaint_source": ("system", "review"),
        "cause_category": ("people", "process", "technology", "knowledge", "policy", "customer"),
    }
)

# other spellings of a word that mean exactly the same; read without a map in the source file
SPELLINGS = MappingProxyType(
    {
        "channel": MappingProxyType({"e-mail": "email", "mail": "email", "mini-programme": "mini_programme"}),
        "stage": MappingProxyType({"presales": "pre-sales", "insales": "in-sales", "aftersales": "after-sales"}),
    }
)

GLOSSARY = (
    Term("contact", "联络", "one attempt by a customer to reach us"),
    Term("offered", "请求人工", "live contacts that asked for a human in opening hours: answered, abandoned or still waiting"),
    Term("handled", "人工受理", "contacts a human worked on"),
    Term("abandoned", "放弃", "left the queue before a human answered"),
    Term("wait_s", "等待时长", "queue entry to answer or abandonment, seconds"),
    Term("threshold_s", "时限", "longest wait that still counts as in time, seconds"),
    Term("handle_s", "处理时长", "talk, hold and wrap-up, seconds"),
    Term("patience_s", "耐心", "the wait a customer would bear; seen only when it runs out"),
    Term("load_erlang", "话务量", "arrivals times mean handle time"),
    Term("occupancy", "资源利用效率", "handling time divided by staffed time"),
    Term("agents", "坐席", "people able to answer at that moment"),
    Term("lines", "线路数", "contacts that fit in at once, those being handled included"),
    Term("blocked", "占线", "offered, but found no free line"),
    Term("attempts", "呼叫次数", "first contacts and those who try again after hanging up or finding no line"),
    Term("concurrency", "并发会话数", "chats that one agent holds at the same time"),
    Term("set aside", "剔除", "a row not used, with the reason"),
    Term("repeat window", "重复联络窗口", "days after the resolution in which another attempt counts as a repeat"),
    Term("cut-off", "数据截止", "the last local day the data covers"),
    Term("grain", "粒度", "what one row is"),
    Term("population", "统计口径", "which rows an indicator speaks of"),
    Term("interval", "置信区间", "range that holds the true value at the stated level"),
    Term("verdict", "判定", "met or missed when the data are sure of it, otherwise too close to call"),
)


def words_of(name: str) -> tuple[str, ...]:
    """Give a closed word list by name.

    Examples
    --------
    >>> words_of("sender")
    ('customer', 'agent', 'bot')
    """
    return WORD_LISTS[name]
