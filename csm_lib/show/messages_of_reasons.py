"""The words of pages that say why: drivers, causes, prices, the process and its priority, once in each language."""

from __future__ import annotations

__all__ = ["REASONS"]

REASONS: dict[str, tuple[str, str]] = {
    "alt_fishbone": (
        "{title}: {n} statements on six branches; {supported} supported by evidence, {against} "
        "not supported, {open} without evidence.",
        "{title}：六类原因共{n}条陈述；有证据支持{supported}条，证据不支持{against}条，尚无证据{open}条。",
    ),
    "alt_flow": (
        "{title}: {boxes} steps and {ways} ways between them; the commonest leads from {source} "
        "to {target}, {n} times, after {time} (median).",
        "{title}：{boxes}个步骤、{ways}条路径；最常见的是{source}到{target}，共{n}次，中位时间{time}。",
    ),
    "alt_flow_rest": ("{title}: {n} steps and no way between them.", "{title}：{n}个步骤，之间没有流转。"),
    "alt_importance": (
        "{title}: {driver} matters most with {share} of what moves the score; {n} drivers "
        "explain {whole} together.",
        "{title}：{driver}最重要，占评分变动的{share}；{n}项驱动因素合计解释{whole}。",
    ),
    "alt_matrix_calm": (
        "{title}: of {n} drivers none is both more important and rated lower than their average; "
        "{top} matters most.",
        "{title}：{n}项驱动因素中没有既重要又评分偏低的；最重要的是{top}。",
    ),
    "alt_matrix_urgent": (
        "{title}: of {n} drivers {drivers} is more important and rated lower than their average: "
        "improve it first.",
        "{title}：{n}项驱动因素中，{drivers}重要性高于平均而评分低于平均，应优先改进。",
    ),
    "alt_priority": (
        "{title}: {top} comes first with a score of {score}; its rank lies between {low} and "
        "{high} of {n}.",
        "{title}：{top}居首，得分{score}；其名次在{n}项中介于第{low}与第{high}之间。",
    ),
    "asked_change": ("The day of change", "改变的日期"),
    "asked_drivers": ("What satisfaction goes with", "满意度的关联因素"),
    "asked_events": ("What happened around then", "当时发生的事件"),
    "asked_owners": ("Who answers for what", "责任归属"),
    "asked_prices": ("What problems cost", "问题的代价"),
    "asked_priority": ("What comes first", "优先级"),
    "asked_process": ("Where the time goes", "时间去向"),
    "category_customer": ("Customer", "客户"),
    "category_knowledge": ("Knowledge", "知识"),
    "category_people": ("People", "人员"),
    "category_policy": ("Policy", "制度"),
    "category_process": ("Process", "流程"),
    "category_technology": ("Technology", "技术"),
    "change_alone": ("No noted event is associated with these days.", "这些日子没有记录相关的事件。"),
    "change_events": ("Associated with these days: {events}.", "与这些日子相关的事件：{events}。"),
    "dimension_cost": ("cost", "成本"),
    "dimension_efficiency": ("efficiency", "效率"),
    "dimension_experience": ("experience", "体验"),
    "dimension_none": ("nothing that was measured", "未测得任何影响"),
    "dimension_quality": ("quality", "质量"),
    "drivers_sure": ("first in every likely ranking", "在所有可能的排序中均居首"),
    "drivers_unranked": ("its rank cannot be bounded", "排名范围无法确定"),
    "drivers_unsure": ("its rank lies between 1 and {rank}", "排名介于第1与第{rank}之间"),
    "event_named": ("{title} (from {date})", "“{title}”（{date}起）"),
    "event_named_about": ("{title} ({about}, from {date})", "“{title}”（{about}，{date}起）"),
    "event_others": (
        "What also began then cannot be told apart from it: {others}.",
        "同期开始的还有{others}，无法区分各自的影响。",
    ),
    "event_stands_out": ("It stands out among the {n} events compared.", "在比较的{n}个事件中显著突出。"),
    "event_stands_out_alone": ("It stands out, the only event compared.", "作为唯一比较的事件，变化显著。"),
    "event_within_chance": (
        "That is within what chance gives among the {n} events compared.",
        "在比较的{n}个事件中，这属于偶然范围。",
    ),
    "event_within_chance_alone": ("That is within what chance gives.", "这属于偶然范围。"),
    "field_enough": ("Less important, done well", "次要且表现好"),
    "field_first": ("Important, rated low: first", "重要但评分低：优先"),
    "field_keep": ("Important, done well: keep", "重要且表现好：保持"),
    "field_later": ("Less important, rated low: later", "次要且评分低：稍后"),
    "flow_begun": ("{n} begin", "起始{n}"),
    "flow_folded": (
        "Folded: {ways} rare ways with {changes} changes ({share} of all between steps) and "
        "{nodes} steps. Not drawn: {updates} updates within a step.",
        "已合并：{ways}条罕见路径，共{changes}次流转（占步骤间流转的{share}），{nodes}个步骤。未画出：步骤内更新{updates}次。",
    ),
    "flow_rested": ("{n} end", "结束{n}"),
    "importance_axis": ("Share of the score's variation that goes with it", "与评分变动相关的占比"),
    "measure_first_line_share": ("Ended with the first team", "首个团队办结"),
    "measure_median_duration_s": ("Time from first to last change (median)", "首末变更间隔（中位数）"),
    "measure_n_approvals_per_contact": ("Approvals per contact", "每件审批次数"),
    "measure_n_changes_per_contact": ("Changes per contact", "每件变更次数"),
    "measure_n_handoffs_per_contact": ("Hand-overs between teams per contact", "每件跨组转手次数"),
    "measure_n_returns_per_contact": ("Returns to a stage per contact", "每件返工次数"),
    "measure_pingpong_share": ("Contacts handed back to a former team", "退回原团队的联络"),
    "measure_rework_share": ("Contacts that came back to a stage", "返回某环节的联络"),
    "no_log": ("no status log for the contacts of this period", "本期联络没有状态日志"),
    "no_problem": ("no problem is named", "没有列出问题"),
    "owners_all": ("Every stage has somebody who is accountable for it.", "每个环节都有负责人。"),
    "owners_missing": ("Nobody is named as accountable for {nodes}.", "以下环节没有负责人：{nodes}。"),
    "performance_axis": ("Performance: mean rating", "表现：平均评分"),
    "price_money": (" and {money} in money ({interval})", "，金额{money}（{interval}）"),
    "score_axis": ("Score, 0 to 1 (line: range)", "得分，0至1（线：范围）"),
    "share_axis": ("Importance: share of what is explained", "重要性：占可解释部分的比重"),
    "status_no evidence": ("no evidence", "尚无证据"),
    "status_not supported": ("not supported", "证据不支持"),
    "status_supported": ("supported", "有证据支持"),
}
