"""The workbook: settings, warehouse and scope, what a notebook holds in its hand.

A workbook is limited to one period and one scope. Its facts are what indicators are measured on; its tables are what
was ingested, whole. Everything is read from one edition of the warehouse, so that a run never mixes two states.
"""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from csm_lib.collect.aliases import hide_staff
from csm_lib.collect.editions import PastEdition, edition_on, last_moment_of
from csm_lib.collect.facts import cut_off, facts_fingerprint
from csm_lib.collect.held_facts import Facts, HeldFacts
from csm_lib.collect.ingest import with_source_zone
from csm_lib.collect.links import links_query
from csm_lib.collect.settings_log import settings_on
from csm_lib.collect.shown_logs import files_query, missing_upstream_query, set_aside_query
from csm_lib.collect.warehouse import LOG_TABLES, Warehouse
from csm_lib.definitions import FACTS, TABLES
from csm_lib.engine import connect
from csm_lib.errors import SettingError, UsageError
from csm_lib.periods import Period, parse_period, period_of
from csm_lib.settings import Scope, Settings, load_settings
from csm_lib.workspaces import find_workspace

__all__ = ["Data", "Facts", "Workbook", "open_workbook", "periods_with_data"]

PACKAGES = (
    "csm_lib", "numpy", "pandas", "duckdb", "deltalake", "scipy", "statsmodels", "seaborn", "papermill", "nbconvert",
)  # fmt: skip


def open_workbook(
    period: str = "last-quarter",
    *,
    scope: str = "all",
    language: str | None = None,
    workspace: str | Path | None = None,
    as_of: str | None = None,
) -> Workbook:
    """Open the warehouse for one period and scope.

    Parameters
    ----------
    period : str
        One of the forms of `periods.PERIOD_FORMS`.
    scope : str
        A scope of `workbook.toml`, or `all`.
    language : str, optional
        en or zh; what the settings say if absent.
    workspace : str or Path, optional
        Found as the command line finds it if absent.
    as_of : str, optional
        A day (its end) or a local moment: tables, facts and settings as they stood then. What the environment
        variable `CSM_AS_OF` says if absent, else as they stand now.

    Returns
    -------
    Workbook

    Raises
    ------
    UsageError
        If the period has no data in the scope; the message lists the periods that have some. If there was no edition
        yet on the day.
    SettingError
        If a setting, the scope or the language is wrong.
    """
    folder = find_workspace(workspace)
    settings = load_settings(folder)
    written = language or settings.workbook.language
    if written not in ("en", "zh"):
        raise SettingError(f"language must be one of en, zh, got {written!r}. Correct it.")
    os.environ["CSM_LANGUAGE"] = written
    os.environ["CSM_CURRENCY"] = settings.workbook.currency
    os.environ["CSM_MINIMUM_GROUP_SIZE"] = str(settings.workbook.minimum_group_size)
    data = Data.open(folder, settings, as_of=as_of or os.environ.get("CSM_AS_OF") or "")
    today = datetime.now(data.settings.workbook.zone).date()
    span = parse_period(period, today=today, fiscal_start_month=data.settings.workbook.fiscal_start_month)
    book = Workbook(span, scope, written, folder, data)
    if not book.has_data:
        raise UsageError(_no_data(book))
    return book


def periods_with_data(workspace: Path) -> dict[str, int]:
    """Give the quarters that have facts of any grain or counted intervals, oldest first, with their number."""
    return _quarters(Data.open(workspace, load_settings(workspace)))


@dataclass(frozen=True)
class Data:
    """One edition of a warehouse, opened for reading, and its settings.

    Of a former one, `past` is the edition, `as_of` the day that was asked for, and `settings_at` when the settings
    were written down (None: nobody did so by then, they are today's).
    """

    connection: duckdb.DuckDBPyConnection
    settings: Settings
    versions: Mapping[str, int]
    past: PastEdition | None = None
    as_of: str = ""
    settings_at: datetime | None = None

    @classmethod
    def open(cls, workspace: Path, settings: Settings, *, as_of: str = "") -> Data:
        """Open an edition, the present one unless a day is named: a view per table, grain of facts and log.

        Agents and reviewers are seen by alias, unless the settings show their names.

        Raises
        ------
        UsageError
            If there was no edition yet on the day.
        SettingError
            If a setting that the facts rest on has changed since they were made. Former facts are taken as stored.
        """
        connection = connect()
        warehouse = Warehouse.open(workspace)
        zoned = with_source_zone(settings, warehouse, connection)
        past, settings_at = None, None
        if as_of:
            zone = zoned.workbook.zone
            past = edition_on(warehouse.folder, as_of, zone=zone)
            then, settings_at = settings_on(workspace, last_moment_of(as_of, zone=zone), today=settings)
            warehouse = Warehouse.open(workspace, past.edition)
            zoned = with_source_zone(then, warehouse, connection)
        made_from = warehouse.edition.facts_made_from.partition(" ")[0]
        if not past and made_from and made_from != facts_fingerprint(zoned):
            raise SettingError(
                f"the facts must be made with the settings in force, got others ({workspace}): a setting they rest on "
                "has changed since. Run `csm ingest` to make them anew."
            )
        warehouse.create_views(connection, [*TABLES, *(fact.table for fact in FACTS.values()), *LOG_TABLES])
        if not settings.workbook.show_agent_names:
            hide_staff(connection)
        return cls(connection, zoned, dict(warehouse.edition.tables), past, as_of if past else "", settings_at)

    @cached_property
    def held(self) -> HeldFacts:
        """The fact tables, in memory from their first use on as far as they fit there."""
        return HeldFacts(self.connection)

    def frame(self, name: str) -> pd.DataFrame:
        """Give a whole table as a pandas frame."""
        return self.connection.table(name).to_arrow_table().to_pandas()


@dataclass(frozen=True)
class Workbook:
    """One period and scope of an organisation's data.

    Attributes
    ----------
    period : Period
    scope_name : str
    language : str
    workspace : Path
    data : Data
        The state of the warehouse that everything is read from.
    """

    period: Period
    scope_name: str
    language: str
    workspace: Path
    data: Data

    @property
    def settings(self) -> Settings:
        """Settings the facts were built with, and those that only concern display."""
        return self.data.settings

    @property
    def as_of(self) -> str:
        """The local day, or moment, as of which everything is read; empty for the present."""
        return self.data.as_of.replace(":", "-")

    @property
    def scope(self) -> Scope:
        """The part of the organisation this workbook is limited to."""
        return self.settings.scope(self.scope_name)

    @cached_property
    def facts(self) -> Facts:
        """Fact tables by grain, limited to the period and scope: what `measure` takes."""
        return Facts(self.data.held, self.period, self.scope)

    def facts_of(self, period: Period) -> Facts:
        """Fact tables of any stretch of days in this scope."""
        return Facts(self.data.held, period, self.scope)

    @cached_property
    def all_facts(self) -> Facts:
        """The same without limit of scope: for what is in scope against what is not."""
        return Facts(self.data.held, self.period, Scope())

    @property
    def has_data(self) -> bool:
        """True if the period has a contact, a survey, a review, a complaint or a counted interval in the scope."""
        return any(self.facts.has_rows(grain) for grain, fact in FACTS.items() if fact.gives_periods)

    def frame(self, grain: str = "contact") -> pd.DataFrame:
        """Give the facts of a grain as a pandas frame, one row per fact."""
        return self.facts.relation(grain).to_arrow_table().to_pandas()

    def table(self, name: str) -> pd.DataFrame:
        """Give an ingested or edited table, whole; without rows where there is none.

        Raises
        ------
        SettingError
            If no table has that name.
        """
        if name not in TABLES:
            raise SettingError(f"table must be one of {', '.join(TABLES)}, got {name!r}. Correct it.")
        return self.data.frame(name)

    def relation(self, name: str) -> duckdb.DuckDBPyRelation:
        """Give an ingested table, whole and unread: what is asked of it is all that is read.

        Raises
        ------
        SettingError
            If no table has that name.
        """
        if name not in TABLES:
            raise SettingError(f"table must be one of {', '.join(TABLES)}, got {name!r}. Correct it.")
        return self.data.connection.table(name)

    def previous(self) -> Workbook | None:
        """Give the workbook of the period before; None without data."""
        return self._of(self.period.previous())

    def year_before(self) -> Workbook | None:
        """Give the workbook of the same period a year earlier; None without data."""
        return self._of(self.period.year_before())

    def history(self, count: int = 9) -> list[Workbook]:
        """Give the workbooks of the last `count` periods that have data, this one last."""
        found = [self._of(period) for period in self.period.history(count)]
        return [book for book in found if book is not None]

    @cached_property
    def cut_off(self) -> date | None:
        """Last local day with a contact in the whole warehouse."""
        return cut_off(self.data.connection, self.settings)

    @property
    def files(self) -> pd.DataFrame:
        """One row per ingested file: path, source, table, rows read, kept and set aside by reason, sha256, encoding."""
        return self.data.connection.sql(files_query()).to_arrow_table().to_pandas()

    @property
    def set_aside(self) -> pd.DataFrame:
        """One row per row set aside: file, line, column, value, reason, and how many have their value in common.

        Values are masked; still, of those that hardly occur `show` tells only the form (`n_alike`).
        """
        query = set_aside_query(show_staff=self.settings.workbook.show_agent_names)
        return self.data.connection.sql(query).to_arrow_table().to_pandas()

    @property
    def links(self) -> pd.DataFrame:
        """One row per link between tables: table, column, refers_to, n rows, n_unknown that find none, their share."""
        return self.data.connection.sql(links_query()).to_arrow_table().to_pandas()

    @property
    def missing_upstream(self) -> pd.DataFrame:
        """One row per row that a later whole delivery lacks: source, table, key, spanned_at and the file it was in."""
        query = missing_upstream_query(show_staff=self.settings.workbook.show_agent_names)
        return self.data.connection.sql(query).to_arrow_table().to_pandas()

    def targets(self) -> pd.DataFrame:
        """Give the targets in force at the end of the period, one row per indicator: key, target, valid_from.

        A target of this scope wins over one for everybody; among equals the latest wins.
        """
        rows = [
            (row.scope is not None, row.valid_from, row.indicator, row.value)
            for row in self.settings.indicators.targets
            if row.valid_from < self.period.end_on
            and row.scope in (None, self.scope_name)
            and (row.channel is None or (row.channel,) == self.scope.channels)
        ]
        chosen = {key: (key, value, valid_from) for _, valid_from, key, value in sorted(rows, key=lambda row: row[:2])}
        return pd.DataFrame(list(chosen.values()), columns=["key", "target", "valid_from"])

    def provenance(self) -> pd.DataFrame:
        """Say what the page rests on: period, cut-off, table versions, package versions."""
        rows: list[tuple[str, Any]] = [
            ("period", f"{self.period.start_on} to {self.period.last_on}"),
            ("scope", self.scope_name),
            ("data until", str(self.cut_off)),
            *self._past_rows(),
            *((f"table {name}", f"version {version}") for name, version in sorted(self.data.versions.items())),
            *((name, importlib.metadata.version(name)) for name in PACKAGES),
        ]
        return pd.DataFrame(rows, columns=["what", "value"])

    def _past_rows(self) -> list[tuple[str, str]]:
        """Say which edition and which settings a report as of a former day rests on."""
        past, at, zone = self.data.past, self.data.settings_at, self.settings.workbook.zone
        if not past:
            return []
        settings = f"as of {at.astimezone(zone).date()}" if at else "today's: none were written down by then"
        edition = f"{past.edition.number} of {past.at.astimezone(zone).date()}"
        return [("data as of", self.as_of), ("edition", edition), ("settings", settings)]

    def _of(self, period: Period) -> Workbook | None:
        book = Workbook(period, self.scope_name, self.language, self.workspace, self.data)
        return book if book.has_data else None


def _quarters(data: Data) -> dict[str, int]:
    dated = [fact.table for fact in FACTS.values() if fact.gives_periods]
    every = " UNION ALL ".join(f"SELECT local_date FROM {table}" for table in dated)
    rows = data.connection.execute(
        f"SELECT local_date::VARCHAR, count(*) FROM ({every}) WHERE local_date IS NOT NULL GROUP BY 1 ORDER BY 1"
    ).fetchall()
    start = data.settings.workbook.fiscal_start_month
    found: dict[str, int] = {}
    for day, count in rows:
        name = period_of(date.fromisoformat(day), "quarter", fiscal_start_month=start).name
        found[name] = found.get(name, 0) + count
    return found


def _no_data(book: Workbook) -> str:
    quarters = _quarters(book.data)
    has = f"Quarters with data: {', '.join(quarters)}." if quarters else "There is none at all: run `csm ingest` first."
    within = "" if book.scope_name == "all" else f" in scope {book.scope_name!r}"
    return f"period must have data, got {book.period.name!r} without any{within} ({book.workspace}). {has}"
