"""The words of the staffing page about patience, once in each language."""

from __future__ import annotations

__all__ = ["STAFFING"]

STAFFING: dict[str, tuple[str, str]] = {
    "alt_patience": (
        "{title}: the two lines are farthest apart at {where}, where {seen} would still wait and {assumed} if patience "
        "were exponential.",
        "{title}：两条线在{where}处相差最大，实际仍愿等待的占{seen}，若为指数分布则为{assumed}。",
    ),
    "alt_patience_half": (" Half of the customers bear {half}.", "半数顾客能等待{half}。"),
    "still_waiting": ("Would still wait", "仍愿等待的比例"),
    "waited": ("Waited", "已等待"),
    "patience_assumed": ("if exponential", "假定指数分布"),
    "patience_seen": ("as seen (Kaplan-Meier)", "实际（Kaplan-Meier）"),
}
