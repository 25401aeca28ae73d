"""The sample organisation as tables of rows: who works there, what customers ask, and what is planted where.

Nothing here is random. Everything that the generator draws, it draws around these rows, and the truth file repeats the
planted ones beside what came out. The organisation, its people and its customers are invented.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

__all__ = [
    "CAUSES",
    "CHANNELS",
    "COMPLAINT_CAUSES",
    "DRIVERS",
    "HOUR_SHARE",
    "ISSUES",
    "PILOT",
    "PLANTED",
    "PRODUCTS",
    "QUARTERS",
    "SEGMENTS",
    "TEAMS",
    "THEMES",
    "Issue",
    "Pilot",
    "Quarter",
    "Theme",
    "Word",
]


@dataclass(frozen=True)
class Word:
    """A code with the word the ticket system uses for it, and its share of the customers or contacts."""

    code: str
    word_zh: str
    share: float = 0.0
    resolved_effect: float = 0.0


@dataclass(frozen=True)
class Issue:
    """What a customer asks: its share of each channel's contacts and how much harder (negative) it is to resolve."""

    code: str
    word_zh: str
    stage: str
    live_share: float
    email_share: float
    resolved_effect: float
    knowledge_weight: float


@dataclass(frozen=True)
class Quarter:
    """A quarter's planted level: volume against the default, and the four classic indicators."""

    name: str
    start_on: str
    end_on: str
    volume: float
    first_response_s: float
    resolved_offset: float
    satisfied_share: float
    complaint_share: float


@dataclass(frozen=True)
class Pilot:
    """The team that tried something new, since when, and by how much its first contact resolution rose."""

    team: str
    start_on: str
    rise: float


@dataclass(frozen=True)
class Theme:
    """What a comment is about, its share of the comments and sentences customers write."""

    name: str
    share: float
    sentences: tuple[str, ...]


CHANNELS = (
    Word("phone", "电话", 0.58, 0.01),
    Word("chat", "在线客服", 0.19, 0.0),
    Word("app", "APP消息", 0.12, 0.0),
    Word("email", "邮件", 0.11, -0.02),
)

TEAMS = (Word("Hangzhou", "杭州组"), Word("Chengdu", "成都组"), Word("Wuhan", "武汉组"), Word("Xian", "西安组"))

ISSUES = (
    Issue("logistics", "物流查询", "in-sales", 0.23, 0.08, 0.02, 0.6),
    Issue("refund", "退款退货", "after-sales", 0.16, 0.28, -0.08, 0.8),
    Issue("product_enquiry", "商品咨询", "pre-sales", 0.14, 0.08, 0.06, 1.2),
    Issue("promotion", "活动优惠", "pre-sales", 0.10, 0.04, 0.07, 0.7),
    Issue("payment", "支付问题", "in-sales", 0.09, 0.05, 0.01, 0.7),
    Issue("account", "账户登录", "in-sales", 0.08, 0.06, 0.05, 0.5),
    Issue("repair", "维修安装", "after-sales", 0.08, 0.20, -0.16, 2.2),
    Issue("invoice", "发票开具", "after-sales", 0.06, 0.10, 0.04, 0.5),
    Issue("quality", "质量问题", "after-sales", 0.06, 0.11, -0.07, 1.4),
)

PRODUCTS = (
    Word("appliance", "家电", 0.24, -0.02),
    Word("digital", "数码", 0.26, -0.01),
    Word("apparel", "服饰", 0.20, 0.02),
    Word("grocery", "食品", 0.16, 0.02),
    Word("home", "家居", 0.14, 0.0),
)

SEGMENTS = (
    Word("new", "新客", 0.30, -0.01),
    Word("regular", "普通会员", 0.48, 0.0),
    Word("gold", "金卡会员", 0.16, 0.01),
    Word("business", "企业客户", 0.06, -0.02),
)

# volume, first response, offset of the resolved share, satisfied share of the respondents, complaints per handled
QUARTERS = (
    Quarter("2022Q1", "2022-01-01", "2022-04-01", 0.90, 31.0, -0.020, 0.893, 0.0098),
    Quarter("2022Q2", "2022-04-01", "2022-07-01", 0.92, 29.5, -0.015, 0.898, 0.0094),
    Quarter("2022Q3", "2022-07-01", "2022-10-01", 0.91, 31.5, -0.010, 0.891, 0.0101),
    Quarter("2022Q4", "2022-10-01", "2023-01-01", 0.97, 33.0, -0.012, 0.886, 0.0108),
    Quarter("2023Q1", "2023-01-01", "2023-04-01", 0.93, 32.0, -0.005, 0.889, 0.0104),
    Quarter("2023Q2", "2023-04-01", "2023-07-01", 0.95, 32.5, 0.000, 0.890, 0.0103),
    Quarter("2023Q3", "2023-07-01", "2023-10-01", 0.96, 33.0, 0.003, 0.887, 0.0109),
    Quarter("2023Q4", "2023-10-01", "2024-01-01", 1.00, 34.0, 0.000, 0.884, 0.0115),
    Quarter("2024Q1", "2024-01-01", "2024-04-01", 1.00, 35.0, 0.000, 0.880, 0.0120),
    Quarter("2024Q2", "2024-04-01", "2024-04-11", 0.11, 35.0, 0.000, 0.880, 0.0120),
)

# share of a day's calls by local hour; 17 and 18 are the evening peak
HOUR_SHARE = MappingProxyType(
    {8: 0.048, 9: 0.062, 10: 0.072, 11: 0.068, 12: 0.053, 13: 0.053, 14: 0.063, 15: 0.063, 16: 0.060}
    | {17: 0.150, 18: 0.150, 19: 0.060, 20: 0.053, 21: 0.045}
)

CAUSES = (
    Word("knowledge", "知识库不全", 0.40),
    Word("cross_department", "跨部门协作慢", 0.30),
    Word("skills", "坐席技能不足", 0.30),
)

COMPLAINT_CAUSES = (
    Word("slow_response", "响应慢", 0.34),
    Word("unresolved", "问题未解决", 0.27),
    Word("refund_delay", "退款慢", 0.15),
    Word("wrong_information", "信息有误", 0.11),
    Word("attitude", "态度", 0.08),
    Word("delivery", "配送", 0.05),
)

DRIVERS = MappingProxyType({"speed": 0.20, "accuracy_rating": 0.30, "attitude": 0.15, "outcome": 0.35})

PILOT = Pilot("Wuhan", "2024-02-19", 0.105)

# every number a test may look for, in the unit of the data
PLANTED = MappingProxyType(
    {
        "first_response_s": 35.0,
        "first_contact_resolved_share": 0.78,
        "satisfied_share": 0.88,
        "complaint_share": 0.012,
        "evening_answer_share": 0.75,
        "evening_answer_share_with_agents": 0.92,
        "other_hours_answer_share": 0.90,
        "coded_share": 0.90,
        "ticket_resolution_s": 7200.0,
        "ticket_approvals": 5.0,
        "worsened_change": -0.16,
        "accuracy": 0.92,
        "reviewer_error": 0.05,
        "conversion": 0.22,
        "later_reply_s": 40.0,
        "comment_share": 0.45,
        "response_share": 0.30,
    }
)

THEMES = (
    Theme(
        "praise",
        0.38,
        (
            "客服很耐心，讲解清楚，非常满意",
            "回复专业，态度很好，点赞",
            "服务热情周到，谢谢客服小姐姐",
            "处理得很快，比我想的好多了",
            "很负责任的客服，五星好评",
        ),
    ),
    Theme(
        "waiting",
        0.20,
        (
            "等待时间太长了，排队半天没人接",
            "傍晚打电话一直占线，等了好久",
            "在线客服回复太慢，等得着急",
            "排队等候时间过长，希望增加人手",
            "下班后打进来总是排队，等太久",
        ),
    ),
    Theme(
        "unresolved",
        0.17,
        (
            "问题还是没有解决，需要再次联系",
            "反复打了几次电话，问题依然没解决",
            "说会跟进但没有结果，没解决",
            "转来转去最后也没解决我的问题",
        ),
    ),
    Theme(
        "wrong_answer",
        0.10,
        (
            "客服说法前后不一致，答案是错的",
            "给的信息不准确，误导了我",
            "对产品不熟悉，回答错误",
        ),
    ),
    Theme(
        "delivery", 0.09, ("快递太慢，物流信息一直不更新", "包裹迟迟没送到，物流查询不到", "配送延误，快递员也联系不上")
    ),
    Theme("attitude", 0.06, ("客服态度冷淡，不耐烦", "语气生硬，态度不好", "态度敷衍，感觉不被尊重")),
)
