"""Charts: a table goes in, a picture that states its finding comes out.

Each `plot_…` reads the columns it names, leaves the table as it was, and computes its text alternative from the same
rows it draws. An empty table gives an empty chart that says so.
"""

from __future__ import annotations

from csm_lib.show.charts_of_causes import plot_fishbone
from csm_lib.show.charts_of_days import plot_days
from csm_lib.show.charts_of_drivers import plot_importance, plot_importance_performance
from csm_lib.show.charts_of_flow import plot_flow
from csm_lib.show.charts_of_groups import plot_heatmap, plot_pareto, plot_teams, plot_waterfall
from csm_lib.show.charts_of_many import plot_trends
from csm_lib.show.charts_of_pairs import plot_matrix
from csm_lib.show.charts_of_patience import plot_patience
from csm_lib.show.charts_of_spread import plot_backlog, plot_drift, plot_funnel, plot_ranking
from csm_lib.show.charts_of_steps import plot_bridge
from csm_lib.show.charts_over_time import plot_control, plot_forecast, plot_need, plot_scenarios, plot_trend
from csm_lib.show.drawing import Figure

__all__ = [
    "Figure",
    "plot_backlog",
    "plot_bridge",
    "plot_control",
    "plot_days",
    "plot_drift",
    "plot_fishbone",
    "plot_flow",
    "plot_forecast",
    "plot_funnel",
    "plot_heatmap",
    "plot_importance",
    "plot_importance_performance",
    "plot_matrix",
    "plot_need",
    "plot_pareto",
    "plot_patience",
    "plot_ranking",
    "plot_scenarios",
    "plot_teams",
    "plot_trend",
    "plot_trends",
    "plot_waterfall",
]
