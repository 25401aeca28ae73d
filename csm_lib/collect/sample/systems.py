"""Each export's columns: what the hotline, the ticket system, the survey tool and the others call things."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from csm_lib.collect.sample.clock import DAY_S, MISSING, N_DAYS, START_ON, written
from csm_lib.collect.sample.contacts import PHONE, Columns
from csm_lib.collect.sample.exports import flags, numbers, words
from csm_lib.collect.sample.messages import SENDERS
from csm_lib.collect.sample.organisation import (
    CAUSES,
    CHANNELS,
    COMPLAINT_CAUSES,
    ISSUES,
    PRODUCTS,
    SEGMENTS,
    TEAMS,
    THEMES,
)
from csm_lib.collect.sample.people import Agents, Shifts
from csm_lib.collect.sample.process import step_table
from csm_lib.collect.sample.reviews import REVIEWERS, SELECTIONS

__all__ = [
    "People",
    "agent_table",
    "complaint_table",
    "contact_ids",
    "hotline_table",
    "message_table",
    "name_people",
    "order_table",
    "review_table",
    "roster_table",
    "status_table",
    "survey_table",
    "ticket_table",
]

_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红娥玲芬燕彩春菊兰凤洁梅琳"
_LEVELS = ("junior", "middle", "senior")


@dataclass(frozen=True)
class People:
    """Invented personal data, one row per person; Arrow arrays."""

    id: pa.Array
    name: pa.Array
    phone: pa.Array
    email: pa.Array


def name_people(rng: np.random.Generator, count: int, *, prefix: str, area: str) -> People:
    """Invent names, mobile numbers (a block not in use) and addresses (at example.com)."""
    number = pa.array(np.arange(count)).cast(pa.string())
    family = pc.take(pa.array(list(_SURNAMES)), pa.array(rng.integers(0, len(_SURNAMES), count)))
    first, second = (pc.take(pa.array(list(_GIVEN)), pa.array(rng.integers(0, len(_GIVEN), count))) for _ in range(2))
    padded = pc.utf8_lpad(number, 7, "0")
    return People(
        id=pc.binary_join_element_wise(prefix, padded, ""),
        name=pc.binary_join_element_wise(family, first, second, ""),
        phone=pc.binary_join_element_wise(area, padded, ""),
        email=pc.binary_join_element_wise(prefix.lower(), number, "@example.com", ""),
    )


def _of(people: pa.Array, rows: np.ndarray) -> pa.Array:
    return pc.take(people, pa.array(rows, pa.int32(), mask=np.asarray(rows) < 0))


def contact_ids(columns: Columns) -> pa.Array:
    """Give the contacts' ids: H for the hotline, T for the ticket system."""
    prefix = pc.if_else(pa.array(columns["channel"] == PHONE), "H", "T")
    number = pc.utf8_lpad(pa.array(np.arange(len(columns["channel"]))).cast(pa.string()), 8, "0")
    return pc.binary_join_element_wise(prefix, number, "")


def _cost(columns: Columns) -> pa.Array:
    cost = np.round(np.where(columns["handle"] > 0, 1.0 + columns["handle"] / 60 * 1.1, 0.1), 2)
    return pa.array(cost)


def hotline_table(columns: Columns, ids: pa.Array, agent_ids: pa.Array, customers: People) -> pa.Table:
    """Give the hotline's export; `columns` holds phone contacts only."""
    who = columns["customer"]
    status = np.where(columns["resolved"] >= 0, 0, np.where(columns["abandoned"] >= 0, 2, 1))
    return pa.table(
        {
            "CallID": ids,
            "CallStart": written(columns["created"]),
            "QueueEnter": written(columns["queue"]),
            "AnswerTime": written(columns["answered"]),
            "FirstReply": written(columns["first"]),
            "AbandonTime": written(columns["abandoned"]),
            "CallEnd": written(columns["closed"]),
            "ResolvedTime": written(columns["resolved"]),
            "Channel": words(np.zeros(len(who), int), ["Phone"]),
            "CustomerID": _of(customers.id, who),
            "CustomerName": _of(customers.name, who),
            "CallerNumber": _of(customers.phone, who),
            "Segment": words(columns["segment"], [row.code for row in SEGMENTS]),
            "Returning": flags(columns["returning"], yes="Y", no="N"),
            "Team": words(columns["team"], [row.code for row in TEAMS]),
            "AgentID": _of(agent_ids, columns["agent"]),
            "IssueCode": words(columns["issue"], [row.code for row in ISSUES]),
            "Product": words(columns["product"], [row.code for row in PRODUCTS]),
            "Priority": words(columns["priority"], ["P4", "P3", "P2", "P1"]),
            "Stage": words(columns["issue"], [_STAGE_CODES[row.stage] for row in ISSUES]),
            "TalkSec": numbers(columns["talk"]),
            "HoldSec": numbers(columns["hold"]),
            "WrapSec": numbers(columns["wrap"]),
            "Transfers": numbers(columns["transfers"]),
            "Reopened": numbers(columns["reopen"]),
            "Escalated": flags(columns["escalated"], yes="Y", no="N"),
            "CauseCode": words(columns["cause"], [row.code for row in CAUSES]),
            "Cost": _cost(columns),
            "Status": words(status, ["RESOLVED", "CLOSED", "ABANDONED"]),
        }
    )


_STAGE_CODES = {"pre-sales": "PRE", "in-sales": "IN", "after-sales": "AFTER"}
_STAGE_WORDS = {"pre-sales": "售前", "in-sales": "售中", "after-sales": "售后"}


def ticket_table(columns: Columns, ids: pa.Array, agent_ids: pa.Array, customers: People) -> pa.Table:
    """Give the ticket system's export; `columns` holds chats, app messages and e-mails."""
    who = columns["customer"]
    status = np.select(
        [columns["withdrawn"] >= 0, columns["resolved"] >= 0, columns["closed"] >= 0], [4, 0, 1], default=2
    )
    minutes = np.round(columns["handle"] / 60, 2)
    return pa.table(
        {
            "工单编号": ids,
            "渠道": words(columns["channel"], [row.word_zh for row in CHANNELS]),
            "创建时间": written(columns["created"], style="slash"),
            "进入排队时间": written(columns["queue"], style="slash"),
            "接入时间": written(columns["answered"], style="slash"),
            "放弃时间": written(columns["abandoned"], style="slash"),
            "首次人工回复时间": written(columns["first"], style="slash"),
            "机器人解决": flags(columns["bot"], yes="是", no="否"),
            "解决时间": written(columns["resolved"], style="slash"),
            "关闭时间": written(columns["closed"], style="slash"),
            "撤回时间": written(columns["withdrawn"], style="slash"),
            "重开次数": numbers(columns["reopen"]),
            "转派次数": numbers(columns["transfers"]),
            "客户编号": _of(customers.id, who),
            "客户姓名": _of(customers.name, who),
            "手机号": _of(customers.phone, who),
            "邮箱": _of(customers.email, who),
            "客户分群": words(columns["segment"], [row.word_zh for row in SEGMENTS]),
            "是否老客户": flags(columns["returning"], yes="是", no="否"),
            "团队": words(columns["team"], [row.word_zh for row in TEAMS]),
            "坐席工号": _of(agent_ids, columns["agent"]),
            "问题类型": words(columns["issue"], [row.word_zh for row in ISSUES]),
            "产品": words(columns["product"], [row.word_zh for row in PRODUCTS]),
            "优先级": words(columns["priority"], ["低", "普通", "高", "紧急"]),
            "业务阶段": words(columns["issue"], [_STAGE_WORDS[row.stage] for row in ISSUES]),
            "处理时长分钟": numbers(minutes),
            "是否升级": flags(columns["escalated"], yes="是", no="否"),
            "未解决原因": words(columns["cause"], [row.word_zh for row in CAUSES]),
            "成本": _cost(columns),
            "状态": words(status, ["已解决", "已关闭", "处理中", "等待客户", "已撤回"]),
        }
    )


def status_table(log: Columns, columns: Columns, ids: pa.Array, agent_ids: pa.Array) -> pa.Table:
    """Give the status log's export."""
    steps = step_table()
    contact, step = log["contact"], log["step"]
    by_agent = np.where(steps["actor"][step] == "agent", columns["agent"][contact], MISSING)
    return pa.table(
        {
            "ticket": pc.take(ids, pa.array(contact)),
            "time": written(log["changed"], style="offset"),
            "status": pc.take(pa.array(steps["status"]), pa.array(step)),
            "team": pc.take(pa.array(steps["team"]), pa.array(step)),
            "agent": _of(agent_ids, by_agent),
            "stage": pc.take(pa.array(steps["stage"]), pa.array(step)),
            "actor": pc.take(pa.array(steps["actor"]), pa.array(step)),
            "approval": flags(steps["is_approval"][step], yes="true", no="false"),
        }
    )


def message_table(messages: Columns, ids: pa.Array) -> pa.Table:
    """Give the chat tool's messages."""
    return pa.table(
        {
            "session": pc.take(ids, pa.array(messages["contact"])),
            "at": written(messages["sent"], style="offset"),
            "from": words(messages["sender"], SENDERS),
        }
    )


def survey_table(surveys: Columns, columns: Columns, ids: pa.Array, customers: People, comments: pa.Array) -> pa.Table:
    """Give the survey tool's export; `surveys` without its per-quarter figures, `comments` one text or null a row."""
    contact = surveys["contact"]
    number = pc.utf8_lpad(pa.array(surveys["number"]).cast(pa.string()), 8, "0")
    return pa.table(
        {
            "问卷编号": pc.binary_join_element_wise("S", number, ""),
            "工单编号": pc.take(ids, pa.array(contact)),
            "客户编号": _of(customers.id, columns["customer"][contact]),
            "联系渠道": words(columns["channel"][contact], [row.word_zh for row in CHANNELS]),
            "是否老客户": flags(columns["returning"][contact], yes="是", no="否"),
            "发送时间": written(surveys["sent"]),
            "作答时间": written(surveys["answered"]),
            "总体满意度": numbers(surveys["csat"]),
            "响应速度": numbers(surveys["speed"]),
            "回答准确性": numbers(surveys["accuracy_rating"]),
            "服务态度": numbers(surveys["attitude"]),
            "处理结果": numbers(surveys["outcome"]),
            "推荐分": numbers(surveys["recommend"]),
            "是否愿意推荐": words(surveys["would_recommend"], ["愿意", "不确定", "不愿意"]),
            "意见建议": comments,
            "权重": _survey_weights(surveys, columns),
            "回访时间": written(surveys["contacted"]),
            "处理完成时间": written(surveys["resolved"]),
        }
    )


def _survey_weights(surveys: Columns, columns: Columns) -> pa.Array:
    """Weight each answer by how many sent questionnaires of its channel it stands for, as the survey tool does."""
    channel, is_answered = columns["channel"][surveys["contact"]], surveys["answered"] >= 0
    sent = np.bincount(channel, minlength=len(CHANNELS))
    answered = np.bincount(channel[is_answered], minlength=len(CHANNELS))
    return pa.array((sent / np.maximum(answered, 1))[channel].round(4), mask=~is_answered)


def sentences(surveys: Columns) -> pa.Array:
    """Give the comments' sentences, null where nothing was written."""
    flat = [sentence for theme in THEMES for sentence in theme.sentences]
    first = np.cumsum([0] + [len(theme.sentences) for theme in THEMES])
    place = np.where(surveys["theme"] >= 0, first[surveys["theme"]] + surveys["sentence"], MISSING)
    return words(place, flat)


def _date_cells(instants_s: np.ndarray) -> pa.Array:
    epoch_s = (START_ON.toordinal() - 719_163) * DAY_S
    return pa.array(instants_s.astype(np.int64) + epoch_s).cast(pa.timestamp("s"))


def review_table(reviews: Columns, columns: Columns, ids: pa.Array) -> pa.Table:
    """Give the quality team's spreadsheet."""
    contact = reviews["contact"]
    reviewer = np.where(reviews["adjudicated"], len(REVIEWERS), reviews["reviewer"])
    number = pc.utf8_lpad(pa.array(reviews["number"]).cast(pa.string()), 7, "0")
    return pa.table(
        {
            "ReviewID": pc.binary_join_element_wise("R", number, ""),
            "ContactID": pc.take(ids, pa.array(contact)),
            "Reviewer": words(reviewer, (*REVIEWERS, "QA09")),
            "Reviewed": _date_cells(reviews["reviewed"]),
            "Selection": words(reviews["selection"], SELECTIONS),
            "Sampled": _date_cells(reviews["sampled"]),
            "Stratum": words(columns["channel"][contact], [row.code for row in CHANNELS]),
            "Accurate": flags(reviews["accurate"], yes="Yes", no="No"),
            "Script": flags(reviews["script"], yes="Yes", no="No"),
            "Complete": flags(reviews["complete"], yes="Yes", no="No"),
            "Attitude": numbers(reviews["attitude"]),
            "Adjudicated": flags(reviews["adjudicated"], yes="Yes", no="No"),
        }
    )


def agent_table(agents: Agents, people: People) -> pa.Table:
    """Give the staff list."""
    count = len(agents.team)
    hired = pc.utf8_slice_codeunits(_iso_days(agents.hired_day), 0, 10)
    left = pc.if_else(pa.array(agents.left_day < N_DAYS), _iso_days(agents.left_day), pa.nulls(count, pa.string()))
    return pa.table(
        {
            "AgentID": people.id,
            "Name": people.name,
            "Mobile": people.phone,
            "Alias": pc.binary_join_element_wise("Agent ", pa.array(np.arange(1, count + 1)).cast(pa.string()), ""),
            "Team": words(agents.team, [row.code for row in TEAMS]),
            "Level": words(agents.level, _LEVELS),
            "HiredOn": hired,
            "LeftOn": pc.utf8_slice_codeunits(left, 0, 10),
        }
    )


def _iso_days(days: np.ndarray) -> pa.Array:
    return _date_cells(days * DAY_S).cast(pa.string())


def roster_table(shifts: Shifts, agents: Agents, agent_ids: pa.Array) -> pa.Table:
    """Give the roster."""
    return pa.table(
        {
            "AgentID": _of(agent_ids, shifts.agent),
            "Team": words(agents.team[shifts.agent], [row.code for row in TEAMS]),
            "Kind": pa.array(shifts.kind),
            "Start": written(shifts.start_s, style="day_first"),
            "End": written(shifts.end_s, style="day_first"),
            "PaidBreakMin": pa.array(shifts.break_s // 60),
        }
    )


def complaint_table(complaints: Columns, columns: Columns, ids: pa.Array, customers: People) -> pa.Table:
    """Give the complaint desk's list."""
    contact = complaints["contact"]
    number = pc.utf8_lpad(pa.array(np.arange(len(contact))).cast(pa.string()), 6, "0")
    return pa.table(
        {
            "ComplaintNo": pc.binary_join_element_wise("K", number, ""),
            "ReceivedAt": written(complaints["received"], style="minute"),
            "ContactNo": pc.take(ids, pa.array(contact)),
            "CustomerID": _of(customers.id, columns["customer"][contact]),
            "Source": words(complaints["source"], ["System", "QualityReview"]),
            "Cause": words(complaints["cause"], [row.code for row in COMPLAINT_CAUSES]),
            "Channel": words(columns["channel"][contact], ["Phone", "Chat", "App", "Email"]),
            "Team": words(columns["team"][contact], [row.code for row in TEAMS]),
            "FirstContactAt": written(complaints["first_contact"], style="minute"),
            "ResolvedAt": written(complaints["resolved"], style="minute"),
            "FollowedUpAt": written(complaints["followed_up"], style="minute"),
            "Escalated": flags(complaints["escalated"], yes="Y", no="N"),
        }
    )


def order_table(orders: Columns, customers: People) -> pa.Table:
    """Give the shop's orders."""
    number = pc.utf8_lpad(pa.array(np.arange(len(orders["ordered"]))).cast(pa.string()), 8, "0")
    return pa.table(
        {
            "OrderNo": pc.binary_join_element_wise("O", number, ""),
            "CustomerID": _of(customers.id, orders["customer"]),
            "OrderedAt": written(orders["ordered"], style="t"),
            "Amount": pa.array(orders["amount"]),
        }
    )
