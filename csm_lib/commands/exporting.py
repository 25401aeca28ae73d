"""The command that hands a published report on in another form."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from csm_lib.commands.call import Call
from csm_lib.errors import UsageError
from csm_lib.periods import parse_period
from csm_lib.settings import load_settings

__all__ = ["export"]


def export(
    call: Call, *, period: str, scope: str, pdf: bool, output: Path | None, as_of: str | None = None
) -> int:
    """Print the executive page of a published report as a PDF."""
    from csm_lib.collect.locks import exclusive
    from csm_lib.publish.printing import find_browser, print_page
    from csm_lib.publish.standing import LOCKED, report_name

    if not pdf:
        raise UsageError("export must be told a form, got none. Add --pdf.")
    workspace = call.present_workspace
    settings = load_settings(workspace)
    settings.scope(scope)
    workbook = settings.workbook
    today = datetime.now(workbook.zone).date()
    span = parse_period(period, today=today, fiscal_start_month=workbook.fiscal_start_month)
    name = report_name(span.name, scope=scope, as_of=as_of or "")
    reports = workspace / "reports"
    page = reports / name / "index.html"
    if not page.exists():
        there = ", ".join(sorted(path.parent.name for path in reports.glob("[!.]*/run.json"))) or "none"
        raise UsageError(f"report must be published, got {name!r} (published: {there}). Run `csm run {period}` first.")
    target = output.expanduser().resolve() if output else page.with_name(f"{name}.pdf")
    if target.is_dir():
        raise UsageError(f"--output must be a file, got the folder {str(target)!r}. Name the file: {name}.pdf.")
    browser = find_browser()
    with exclusive(reports / ".lock", what=LOCKED):  # a run would take the folder away under the printer
        n_pages = print_page(page.resolve(), target, browser=browser)
    call.tell(f"PDF: {target} ({n_pages} page{'s' if n_pages != 1 else ''})")
    return call.finish({"pdf": target, "period": span.name, "pages": n_pages})
