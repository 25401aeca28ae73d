"""Every word that `show` puts on a page, once in each language, as a table of rows."""

from __future__ import annotations

from csm_lib.show.messages_of_reasons import REASONS
from csm_lib.show.messages_of_staffing import STAFFING
from csm_lib.show.translation import in_language, translated

__all__ = ["MESSAGES", "say"]

MESSAGES: dict[str, tuple[str, str]] = {
    **REASONS,
    **STAFFING,
    "actual": ("Actual", "实际"),
    "agents": ("Agents", "坐席数"),
    "alt_bridge": (
        "{title}: the official {official} becomes our {ours}; {explained} is explained by other rows counted, "
        "{rest} is not explained.",
        "{title}：官方数值{official}，本报告{ours}；口径差异解释{explained}，未解释{rest}。",
    ),
    "alt_compared": (
        "{title}: the largest difference is at {where} ({first} {before}, {second} {after}); "
        "on average {first} {mean_before}, {second} {mean_after}.",
        "{title}：差异最大在{where}（{first}{before}，{second}{after}）；平均{first}{mean_before}，{second}{mean_after}。",
    ),
    "alt_backlog": (
        "{title}: {last} open at the last look, {first} at the first; most {high} at {high_at}.",
        "{title}：最近一次{last}件未结，最初{first}件；最多为{high_at}的{high}件。",
    ),
    "alt_drift_calm": (
        "{title}: the weighted mean stays within its limits at all {n} points; the last is {last}.",
        "{title}：加权均值在全部{n}个点都在界限内，最新为{last}。",
    ),
    "alt_drift_signal": (
        "{title}: the weighted mean leaves its limits at {k} of {n} points, first at {where} with {value} "
        "(centre line {centre}).",
        "{title}：加权均值在{n}个点中有{k}个超出界限，首次在{where}，为{value}（中心线{centre}）。",
    ),
    "alt_funnel": (
        "{title}: {k} of {n} groups lie outside the 99.8% limits around {centre}: {names}.",
        "{title}：{n}个组中有{k}个超出99.8%界限（中心{centre}）：{names}。",
    ),
    "alt_funnel_calm": (
        "{title}: all {n} groups lie within the 99.8% limits around {centre}.",
        "{title}：全部{n}个组均在99.8%界限内（中心{centre}）。",
    ),
    "alt_phases": (" Limits start anew at: {names}.", "以下变更后重新计算控制限：{names}。"),
    "alt_ranking": (
        "{title}: {best} ranks first with {best_value} after shrinking ({best_raw} as measured), {worst} last with "
        "{worst_value} ({worst_raw}).",
        "{title}：收缩后{best}居首，为{best_value}（实测{best_raw}）；{worst}居末，为{worst_value}（实测{worst_raw}）。",
    ),
    "alt_control_calm": (
        "{title}: {n} points, none is a signal; the last is {last}, the centre line {centre}.",
        "{title}：共{n}个点，没有异常信号；最新值{last}，中心线{centre}。",
    ),
    "alt_control_signal": (
        "{title}: {k} of {n} points are signals, the latest at {where} with {value} (centre line {centre}).",
        "{title}：{n}个点中有{k}个异常信号，最近一次在{where}，为{value}（中心线{centre}）。",
    ),
    "alt_days": (
        "{title}: of {n} days judged over {k} sources {missing} are missing and {late} late, most of them of {where} "
        "({most}).",
        "{title}：{k}个来源共判断{n}天，缺失{missing}天，不完整{late}天；最多的是{where}（{most}天）。",
    ),
    "alt_days_calm": (
        "{title}: none of {n} days judged over {k} sources is missing or late; the thinnest is {day} of {where}, "
        "with {ratio} of what its weekday brings.",
        "{title}：{k}个来源共判断{n}天，没有缺失或不完整；最少的是{where}的{day}，为同星期常量的{ratio}。",
    ),
    "alt_empty": ("{title}: nothing was measured.", "{title}：没有可用数据。"),
    "alt_forecast": (
        "{title}: the forecast from {start} to {end} averages {mean}, the highest is {high} at {where}; "
        "observed before: {before} on average.",
        "{title}：{start}至{end}的预测均值为{mean}，最高为{where}的{high}；此前实际均值为{before}。",
    ),
    "alt_heatmap": (
        "{title}: highest on {high_day} at {high_hour}:00 with {high}, "
        "lowest on {low_day} at {low_hour}:00 with {low}.",
        "{title}：最高为{high_day}{high_hour}时的{high}，最低为{low_day}{low_hour}时的{low}。",
    ),
    "alt_matrix": (
        "{title}: of {n} pairs {one} and {other} go together most closely, with {value}.",
        "{title}：在{n}对中，{one}与{other}关系最密切，为{value}。",
    ),
    "alt_need_alone": (
        "{title}: of {n} intervals the need is highest at {where} with {high} agents; nobody is known to be on shift.",
        "{title}：{n}个时段中需求最高在{where}，为{high}人；在岗人数未知。",
    ),
    "alt_need_met": (
        "{title}: the agents on shift cover the need in all {n} intervals.",
        "{title}：全部{n}个时段在岗人数均满足需求。",
    ),
    "alt_need_short": (
        "{title}: too few agents in {k} of {n} intervals, most at {where}: {missing} missing.",
        "{title}：{n}个时段中有{k}个人手不足，缺口最大在{where}，缺{missing}人。",
    ),
    "alt_pareto": (
        "{title}: {top} comes first with {share} of {n}; the first {k} make up at least 80%.",
        "{title}：{top}居首，占{n}中的{share}；前{k}项合计至少占80%。",
    ),
    "alt_scenarios": (
        "{title}: the largest change is at {where}, from {before} to {after}; "
        "on average {mean_before} becomes {mean_after}.",
        "{title}：变化最大在{where}，由{before}变为{after}；平均由{mean_before}变为{mean_after}。",
    ),
    "alt_target": (" Target {target}: missed by {k} of {n}.", "目标{target}：{n}个中有{k}个未达到。"),
    "alt_teams": (
        "{title}: {best} is best with {best_value}, {worst} last with {worst_value}.",
        "{title}：{best}最好，为{best_value}；{worst}最差，为{worst_value}。",
    ),
    "alt_trend": (
        "{title}: from {first} in {start} to {last} in {end}; highest {high} in {high_at}, lowest {low} in {low_at}.",
        "{title}：由{start}的{first}变为{end}的{last}；最高为{high_at}的{high}，最低为{low_at}的{low}。",
    ),
    "alt_waterfall": (
        "{title}: {total} in all, {mix} from the mix and {rate} from the rates; "
        "the largest part is {segment} with {part}.",
        "{title}：合计{total}，其中结构影响{mix}，水平影响{rate}；影响最大的是{segment}，为{part}。",
    ),
    "after": ("After", "之后"),
    "age_below_d": ("below {bound} days", "{bound}天以内"),
    "age_below_h": ("below {bound} h", "{bound}小时以内"),
    "age_from_d": ("{bound} days and more", "{bound}天及以上"),
    "age_from_h": ("{bound} h and more", "{bound}小时及以上"),
    "and": (" and ", "且"),
    "asked_bot": ("What a bot would do", "引入机器人的效果"),
    "asked_causes": ("What failures are coded to", "失败原因"),
    "asked_forecast": ("How good forecasts are", "预测误差"),
    "asked_hours": ("The worst hours", "最差时段"),
    "asked_mix": ("Mix or rate", "结构或水平"),
    "asked_more": ("What more agents would do", "增加坐席的效果"),
    "asked_need": ("How many are needed", "所需人数"),
    "asked_patience": ("Whether one mean patience will do", "耐心是否符合指数分布"),
    "asked_roster": ("The cheapest roster", "最低成本排班"),
    "asked_shrinkage": ("Shrinkage on record", "记录的缩减率"),
    "asked_where": ("Where the gap sits", "差距所在"),
    "before": ("Before", "之前"),
    "bridge_exclusions": ("Exclusions", "排除"),
    "bridge_official": ("Official figure", "官方数值"),
    "bridge_ours": ("Ours", "本报告"),
    "bridge_population": ("Population", "总体"),
    "bridge_rest": ("Not explained", "未解释"),
    "bridge_undone": ("not redone", "无法重算"),
    "bridge_window": ("Window", "时段"),
    "cause_part": ("{share} are coded to {cause} ({interval})", "{share}归因于{cause}（{interval}）"),
    "centre": ("Centre line", "中心线"),
    "colon": (": ", "："),
    "comma": (", ", "，"),
    "contacts_held": ("Live contacts the agent held", "坐席同时接待数"),
    "count": ("Count", "数量"),
    "course": ("Course", "走势"),
    "cumulative": ("Cumulative share", "累计占比"),
    "day_closed": ("Closed, or no data due", "休息或无应到数据"),
    "day_late": ("Late: too few rows", "不完整：行数过少"),
    "day_missing": ("Missing: no rows", "缺失：没有数据"),
    "day_ratio": ("Rows ÷ usual", "行数÷常量"),
    "edition": ("edition {n}", "第{n}版"),
    "forecast": ("Forecast", "预测"),
    "formula": ("Formula", "公式"),
    "far_limits": ("99.8% limits", "99.8%界限"),
    "full_stop": (".", "。"),
    "gap_cause": ("Supported cause: {cause}.", "有证据支持的原因：{cause}。"),
    "gap_cause_counted": ("Most counted cause: {cause} ({share}).", "占比最高的原因：{cause}（{share}）。"),
    "gap_measure": ("Measure: {measure} ({owner}, by {due}).", "措施：{measure}（{owner}，{due}前）。"),
    "gap_no_cause": ("No cause is supported by evidence yet.", "尚无证据支持的原因。"),
    "gap_no_measure": ("No measure of the plan answers it.", "计划中没有对应措施。"),
    "gap_size": ("{name}: {value} against a target of {target}.", "{name}：{value}，目标{target}。"),
    "gap_where": ("It sits most where {where}.", "主要集中在{where}。"),
    "highest": ("highest", "最高"),
    "group_size": ("Size of the group", "组规模"),
    "hour": ("Hour of the day", "小时"),
    "how_all": ("all days", "全部日期"),
    "how_fixed": ("holidays on a fixed date", "固定日期节假日"),
    "how_holiday": ("weeks of a moving holiday", "移动节日前后"),
    "how_weekday": ("ordinary weekdays", "普通日"),
    "in_points": (" points", "个百分点"),
    "indicator": ("Indicator", "指标"),
    "interval": ("95% interval", "95%区间"),
    "interval_at": ("{level} interval", "{level}区间"),
    "kind_and_name": ("{kind} {name}", "{kind}“{name}”"),
    "limits": ("Control limits", "控制限"),
    "list_joint": (", ", "，"),
    "lowest": ("lowest", "最低"),
    "met": ("Met?", "是否达标"),
    "as_measured": ("As measured", "实测"),
    "mix": ("Mix", "结构"),
    "more_than": ("more than {value}", "超过{value}"),
    "near_limits": ("95% limits", "95%界限"),
    "none_outside": ("none", "无"),
    "open_contacts": ("Open contacts", "未结联络"),
    "mix_misleads": (
        "Read the overall figure with care: the mix and the rates moved in opposite directions, and the mix won.",
        "请谨慎解读总体数字：结构与水平方向相反，而结构影响更大。",
    ),
    "n": ("n", "样本量"),
    "needed": ("Needed", "需要"),
    "no": ("no", "否"),
    "no_codes": ("no failure carries a cause code", "没有失败带有原因编码"),
    "no_gap": ("No headline indicator is on the wrong side of its target.", "没有核心指标未达目标。"),
    "no_measures": ("The plan holds no measure for this period.", "本期计划没有措施。"),
    "no_notes": ("No note was written for this period.", "本期没有备注。"),
    "no_sign_off": ("Nobody has signed this report off.", "本报告尚未签署。"),
    "no_failures": ("no outcome is known, so no failure can be counted", "结果未知，无法统计失败"),
    "no_rows": ("no rows", "没有记录"),
    "no_source": ("no source", "没有数据来源"),
    "not_noted": ("(not noted)", "（未记录）"),
    "nobody_missing": ("In no interval of a typical week are too few on shift.", "典型一周中没有时段人手不足。"),
    "not_measured": ("not measured", "未测量"),
    "not_measured_because": ("Not measured: {reason}.", "未测量：{reason}。"),
    "nothing_due": ("No measure of plan {plan} was due.", "{plan}计划没有到期措施。"),
    "nothing_stands_out": (
        "No segment stands out from the rest beyond chance: the gap is spread evenly over what was searched.",
        "没有分组显著突出：差距在所查维度上分布均匀。",
    ),
    "note": ("note", "备注"),
    "nothing_to_list": ("Nothing to list.", "没有可列出的内容。"),
    "observed": ("Observed", "实际"),
    "on_shift": ("On shift", "在岗"),
    "on_shift_because": ("who is on shift ({reason})", "在岗人数（{reason}）"),
    "predicted": ("Predicted", "预测值"),
    "provisional": ("provisional", "暂定"),
    "restated": ("Restated since it was first published", "发布后更正的数据"),
    "restated_data": ("data: {what} changed", "数据有更新：{what}"),
    "restated_definition": ("the definition of the indicator changed", "指标定义有变更"),
    "restated_library": ("libraries changed: {what}", "软件库版本变更：{what}"),
    "restated_line": (
        "{name}: {moved} (edition {edition}, {on}); why: {why}",
        "{name}：{moved}（第{edition}版，{on}）；原因：{why}",
    ),
    "restated_parameter": ("parameters of the run changed: {what}", "运行参数有变更：{what}"),
    "restated_program": ("the program changed", "程序有变更"),
    "restated_provisional": ("it was provisional", "原为暂定值"),
    "restated_setting": ("settings changed: {what}", "设置有变更：{what}"),
    "restated_target": ("target {was} → {now}", "目标{was} → {now}"),
    "restated_unknown": ("nothing that was recorded changed", "已记录的输入均无变化"),
    "restated_unseen": (
        "Numbers that moved by less than is shown here: {n}.",
        "变动小于此处显示精度的指标：{n}项。",
    ),
    "restated_verdict": ("{was} → {now}", "{was} → {now}"),
    "roster_cost": ("costing {cost} {currency}", "成本{cost}{currency}"),
    "roster_fair": (
        "and in the weeks planned each person has {weekend_min} to {weekend_max} weekend days and {late_min} to "
        "{late_max} late shifts",
        "在已排的各周内，每人周末班{weekend_min}至{weekend_max}天、晚班{late_min}至{late_max}个",
    ),
    "roster_gap": (
        "not proven to be the cheapest: nothing cheaper by more than {gap} exists",
        "尚未证明最优：不存在便宜超过{gap}的方案",
    ),
    "roster_open": (
        "with {n} intervals not covered, most on {slot}: {missing} people missing",
        "有{n}个时段未覆盖，最多在{slot}：缺{missing}人",
    ),
    "roster_proven": ("proven to be the cheapest", "已证明成本最低"),
    "roster_today": ("where {hours} are worked today", "目前实际为{hours}小时"),
    "roster_uncovered": (
        "with {hours} agent hours of need that no shift on offer can cover",
        "其中{hours}坐席小时的需求没有班次可覆盖",
    ),
    "roster_unproven": ("though no proof was found that nothing is cheaper", "但尚未证明没有更便宜的方案"),
    "shrunken": ("Shrunken", "收缩后"),
    "smoothed": ("Weighted mean", "加权均值"),
    "what_first_reply_other": ("first reply, e-mail and tickets", "首次回复（邮件与工单）"),
    "what_live": ("live", "实时渠道"),
    "what_other": ("e-mail and tickets", "邮件与工单"),
    "what_resolution": ("acceptance to resolution", "受理到解决"),
    "what_wait_live": ("wait in the queue, live", "排队等待（实时渠道）"),
    "word_better": ("better", "变好"),
    "word_noise": ("noise", "偶然波动"),
    "word_worse": ("worse", "变差"),
    "segment_part": ("the {dimension} is {value}", "{dimension}为{value}"),
    "semicolon": ("; ", "；"),
    "sentence_attained": (
        "{met} of {n} headline indicators reach their target; {missed} miss it; {close} are too close to call.",
        "{n}项核心指标中，{met}项达标，{missed}项未达标，{close}项难以判定。",
    ),
    "sentence_compare": (
        "{name} went from {before} to {value} ({change}).",
        "{name}由{before}变为{value}（{change}）。",
    ),
    "sentence_rows": (
        "{read} rows were read: {kept} kept and {set_aside} set aside.",
        "共读取{read}行：保留{kept}行，剔除{set_aside}行。",
    ),
    "sentence_value": (
        "{name}: {value} (95% interval {interval}, n = {n}).",
        "{name}为{value}（95%区间{interval}，样本量{n}）。",
    ),
    "sentence_value_target": (
        "{name}: {value} (95% interval {interval}, n = {n}) against a target of {target}: {verdict}.",
        "{name}为{value}（95%区间{interval}，样本量{n}），目标{target}：{verdict}。",
    ),
    "sentence_unmeasured": (
        "{name}: not measured, {reason}.",
        "{name}未测量：{reason}。",
    ),
    "rate": ("Rate", "水平"),
    "shortage": ("Too few", "人手不足"),
    "sign_off": ("sign-off", "签署"),
    "signal": ("Signal", "异常信号"),
    "small_groups": (
        "Groups too small to be shown, for a person could be recognised, or next to one: {n}.",
        "为避免识别个人而不显示的小分组（含相邻一组）：{n}个。",
    ),
    "source": ("Source", "来源"),
    "status_done_late": ("done late", "逾期完成"),
    "status_done_on_time": ("done on time", "按期完成"),
    "status_open": ("open", "进行中"),
    "status_overdue": ("overdue", "已逾期"),
    "tally_no_target": ("{n} have no target", "{n}项未设目标"),
    "tally_not_measured": ("{n} were not measured", "{n}项未测量"),
    "tally_not_measured_one": ("{n} was not measured", "{n}项未测量"),
    "target": ("Target", "目标"),
    "title_with_unit": ("{title} ({unit})", "{title}（{unit}）"),
    "total": ("Total", "合计"),
    "unit_n": ("count", "数量"),
    "unit_points": ("points", "百分点"),
    "unit_s": ("seconds", "秒"),
    "unit_min": ("minutes", "分钟"),
    "unit_h": ("hours", "小时"),
    "unit_score": ("score", "评分"),
    "unit_money": ("amount", "金额"),
    "unit_number": ("number", "数值"),
    "unit_share": ("%", "%"),
    "verdict": ("Verdict", "判定"),
    "verdict_met": ("met", "达标"),
    "verdict_missed": ("missed", "未达标"),
    "verdict_no_target": ("no target", "无目标"),
    "verdict_not_measured": ("not measured", "未测量"),
    "verdict_too_close": ("too close to call", "难以判定"),
    "weekdays": ("Mon Tue Wed Thu Fri Sat Sun", "周一 周二 周三 周四 周五 周六 周日"),
    "where": (" where ", "，"),
    "within_mix": (
        "{group} moved by {change}, but only because it was given other contacts: {mix} is mix, {rate} is rate "
        "(95% interval {interval}, which includes no change).",
        "{group}变化{change}，但主要是联络结构所致：结构{mix}，水平{rate}（95%区间{interval}，包含无变化）。",
    ),
    "within_none": (
        "No {group} got worse beyond chance, neither by its rate nor by its mix.",
        "没有{group}在水平或结构上出现超出偶然的变差。",
    ),
    "within_rate": (
        "{group} moved by {change} and did get worse at the same kinds of contacts: {rate} is rate "
        "(95% interval {interval}), {mix} is mix.",
        "{group}变化{change}，同类联络确实变差：水平{rate}（95%区间{interval}），结构{mix}。",
    ),
    "yes": ("yes", "是"),
}
_POSITION = {"en": 0, "zh": 1}


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
    return MESSAGES[key][_POSITION[chosen]].format(**said)
