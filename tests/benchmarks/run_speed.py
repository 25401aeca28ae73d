"""How much faster `csm run` is than the plain loop: `papermill`, then `jupyter nbconvert`, one notebook after another.

    python tests/benchmarks/run_speed.py WORKSPACE [PERIOD] [--only fixtures|shipped]

WORKSPACE has data of the period (`csm demo --only-data` makes the sample's). Both ways run in one go on one machine,
on seven fixture notebooks that open the workbook and draw two figures each, and on the shipped ones; the ratio is what
counts, the seconds depend on who else is busy. Beside it stands the share of pure cell time: what no runner can save.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from csm_lib.workspaces import notebooks_folder

PARAMETERS = 'period: str = "2024Q1"  # which\nscope: str = "all"  # which part\nlanguage: str = "en"  # en, zh'
CELLS = (
    "from csm_lib.measure.indicators import measure\nfrom csm_lib.show.figures import plot_teams\n"
    "from csm_lib.workbook import open_workbook\nbook = open_workbook(period, scope=scope, language=language)",
    "teams = measure(book.facts, ['fcr'], by=['team'])\n"
    "plot_teams(teams, title='Solved at the first contact', unit='share', value='value', better='higher', target=0.85)",
    "channels = measure(book.facts, ['frt'], by=['team'])\n"
    "plot_teams(channels, title='First response', unit='s', value='value', better='lower', target=30.0)",
)
AIMS = {"fixtures": 5.0, "shipped": 3.0}


def fixtures(folder: Path) -> list[Path]:
    """Write seven notebooks that open the workbook and draw two figures."""
    import nbformat

    made = []
    for number in range(1, 8):
        title = nbformat.v4.new_markdown_cell(f"# {number:02d} How do the teams compare?")
        given = nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
        cells = [title, given, *map(nbformat.v4.new_code_cell, CELLS)]
        name = "05_report_and_action_plan" if number == 5 else f"{number:02d}_fixture"
        metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), folder / f"{name}.ipynb")
        made.append(folder / f"{name}.ipynb")
    return made


def plain_loop(notebooks: list[Path], *, workspace: Path, period: str, out: Path) -> float:
    """Run and export one by one, as the two tools' documentation shows it."""
    env = {**os.environ, "CSM_WORKSPACE": str(workspace), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    started = time.perf_counter()
    for path in notebooks:
        done = out / path.name
        call = [sys.executable, "-m", "papermill", str(path), str(done), "-p", "period", period, "-k", "python3"]
        quietly([*call, "--no-progress-bar", "--no-log-output"], env=env, cwd=workspace)
        export = [sys.executable, "-m", "jupyter", "nbconvert", "--to", "html", str(done)]
        quietly(export, env=env, cwd=workspace)
    return time.perf_counter() - started


def quietly(command: list[str], *, env: dict[str, str], cwd: Path) -> None:
    """Run a command; show what it said only if it failed."""
    ended = subprocess.run(command, env=env, cwd=cwd, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(f"{' '.join(command)}\n{ended.stdout}{ended.stderr}")


def our_run(notebooks: list[Path], *, workspace: Path, period: str) -> tuple[float, float]:
    """Run and publish as `csm run` does, in a process of its own; give seconds, and those spent in cells."""
    command = [sys.executable, str(Path(__file__).resolve()), str(workspace), period, "--ours", *map(str, notebooks)]
    started = time.perf_counter()
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return time.perf_counter() - started, float(ended.stdout.splitlines()[-1])


def in_process(names: list[str], workspace: Path, period: str) -> None:
    """Do what `csm run` does, with these notebooks; print how many seconds the cells took, by papermill's stamps."""
    from csm_lib.publish.warm import can_fork, start_server, without_slow_grammar
    from csm_lib.workbook import open_workbook

    book = open_workbook(period, language="en", workspace=workspace)
    if can_fork():
        start_server()
    with without_slow_grammar():
        from csm_lib.publish.site import publish
    result = publish(book, notebooks=[Path(name) for name in names])
    sys.stdout.write(f"{sum(cell_seconds(run.notebook) for run in result.notebooks)}\n")


def cell_seconds(notebook: Any) -> float:
    """Add up how long the cells of an executed notebook took."""
    return sum(cell.metadata.get("papermill", {}).get("duration") or 0.0 for cell in notebook.cells)


def main() -> None:
    """Print one line per set of notebooks."""
    asked = argparse.ArgumentParser(description="csm run beside the plain loop")
    asked.add_argument("workspace", type=Path)
    asked.add_argument("period", nargs="?", default="2024Q1")
    asked.add_argument("--only", choices=list(AIMS))
    asked.add_argument("--ours", nargs="+", help=argparse.SUPPRESS)
    given = asked.parse_args()
    workspace = given.workspace.resolve()
    if given.ours:
        in_process(given.ours, workspace, given.period)
        return
    with tempfile.TemporaryDirectory(prefix="csm-speed-") as folder:
        own = Path(folder) / "fixtures"
        own.mkdir()
        sets = {"fixtures": fixtures(own), "shipped": sorted(notebooks_folder().glob("*.ipynb"))}
        for name, notebooks in sets.items():
            if given.only not in (None, name):
                continue
            apart = Path(folder) / name / "workspace"
            apart.mkdir(parents=True)
            (apart / "data").symlink_to(workspace / "data")
            out = Path(folder) / name / "plain"
            out.mkdir()
            ours, cells = our_run(notebooks, workspace=apart, period=given.period)
            plain = plain_loop(notebooks, workspace=apart, period=given.period, out=out)
            cores = min(2, os.cpu_count() or 1)
            sys.stdout.write(
                f"{name}: {len(notebooks)} notebooks, plain loop {plain:.1f} s, csm run {ours:.1f} s, "
                f"ratio {plain / ours:.1f} (aim {AIMS[name]:g}); pure cell time {cells:.1f} s on {cores} at once, "
                f"{cells / cores / ours:.0%} of our run\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main()
