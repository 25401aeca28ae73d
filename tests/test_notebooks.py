"""The notebooks: ten house rules, held against every one of them without running it."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest

from csm_lib.publish.parameters import parameters_of
from csm_lib.show.tables import NAME_PATTERN, table

PROJECT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))

COMMON = {"period": "2024Q1", "scope": "all", "language": "en"}
MOST_WORDS = 90  # "about 80", for Markdown that thinks
MOST_STATEMENTS = 12  # a few lines, for code that asks
MAKES_A_TABLE = {"table", "scorecard_table"}
MAKES_A_FIGURE = re.compile(r"plot_\w+")

# percentages that belong to a method and are no finding
METHOD_NUMBERS = {"95", "97.5", "80", "20", "100", "5"}

FORBIDDEN = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.TryStar,
    ast.With, ast.AsyncWith, ast.Global, ast.Assert, ast.Raise, ast.Delete, ast.If, ast.Match,
)  # fmt: skip
FORBIDDEN_CALLS = {"print", "display", "exec", "eval", "open", "Path", "input", "exit", "quit"}
CLOCKS = {"now", "today", "utcnow", "time", "perf_counter", "monotonic", "time_ns"}
PATH_LITERAL = re.compile(
    r"(~|\.{1,2})?([/\\][\w.\- ]+)+/?|[A-Za-z]:\\.*|[\w\-./\\]+\.(csv|xlsx?|parquet|toml|json|txt|db)"
)
ABSOLUTE_PATH = re.compile(r"(?<![\w/<.])/(home|root|tmp|work|Users|usr|var|opt|mnt|private)/\w|[A-Z]:\\\\?\w")


def cells_of(path: Path) -> list[Any]:
    """Cells in one language, as the page of an English reader has them."""
    cells = nbformat.read(path, as_version=4).cells
    return [cell for cell in cells if "lang-zh" not in tags_of(cell)]


def tags_of(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))


def code_of(path: Path) -> list[tuple[str, ast.Module]]:
    return [(cell.id, ast.parse(cell.source)) for cell in cells_of(path) if cell.cell_type == "code"]


def outputs_of(path: Path) -> list[tuple[str, str, Any]]:
    """Cell id, MIME type and content of every committed output."""
    found = []
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", []):
            found += [(cell.id, kind, content) for kind, content in output.get("data", {}).items()]
            found += [(cell.id, "text/plain", output["text"])] if "text" in output else []
    return found


def called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def names_in(path: Path, makes: Any) -> list[str]:
    """Values of `name=` in calls that make tables (or figures)."""
    found = []
    for _, tree in code_of(path):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and makes(node.func.id):
                given = {keyword.arg: keyword.value for keyword in node.keywords}
                found.append(given["name"].value if isinstance(given.get("name"), ast.Constant) else "")
    return found


every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@every_notebook
def test_the_file_says_only_what_is_the_same_on_every_machine(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    assert dict(notebook.metadata.get("language_info", {"name": "python"})) == {"name": "python"}
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}


@every_notebook
def test_cells_have_ids_of_their_own_that_a_person_gave(path: Path) -> None:
    ids = [cell.id for cell in nbformat.read(path, as_version=4).cells]
    assert len(set(ids)) == len(ids)
    assert [one for one in ids if not re.fullmatch(r"[a-z][a-z0-9-]{1,50}", one)] == []
    assert [one for one in ids if re.fullmatch(r"[0-9a-f]{8}", one)] == []


@every_notebook
def test_rule_1_the_first_cell_asks_the_question(path: Path) -> None:
    first = cells_of(path)[0]
    assert first.cell_type == "markdown"
    heading, *rest = first.source.splitlines()
    assert re.fullmatch(rf"# {path.stem[:2]} .+\?", heading)
    told = " ".join(rest).lower()
    assert [word for word in ("population", "method", "read") if word not in told] == []


@every_notebook
def test_rule_2_the_second_cell_and_only_it_declares_parameters(path: Path) -> None:
    cells = cells_of(path)
    assert [i for i, cell in enumerate(cells) if "parameters" in tags_of(cell)] == [1]
    lines = cells[1].source.splitlines()
    assert [line for line in lines if not re.fullmatch(r"\w+: [\w\[\], |]+ = \S.*  # \S.*", line)] == []
    declared = parameters_of(path)
    assert len(declared) == len(lines)
    assert {name: declared[name].default for name in COMMON} == COMMON
    assert [*declared][:3] == [*COMMON]


@every_notebook
def test_rule_3_the_third_cell_imports_and_opens_the_workbook_and_nothing_else(path: Path) -> None:
    third = cells_of(path)[2]
    assert third.cell_type == "code"
    *imports, opened = ast.parse(third.source).body
    assert all(isinstance(line, (ast.Import, ast.ImportFrom)) for line in imports)
    assert ast.unparse(opened) == "book = open_workbook(period, scope=scope, language=language)"
    later = [node for _, tree in code_of(path)[2:] for node in ast.walk(tree)]
    assert [ast.unparse(node) for node in later if isinstance(node, (ast.Import, ast.ImportFrom))] == []


@every_notebook
def test_rule_4_each_cell_computes_in_a_few_lines_and_shows_one_thing(path: Path) -> None:
    for cell_id, tree in code_of(path)[2:]:
        assert 1 <= len(tree.body) <= MOST_STATEMENTS, cell_id
        *before, _ = tree.body
        assert [ast.unparse(line) for line in before if isinstance(line, ast.Expr)] == [], cell_id


@every_notebook
def test_rule_4_something_is_asked_before_anything_is_computed(path: Path) -> None:
    kinds = [cell.cell_type for cell in cells_of(path)[3:]]
    assert kinds[0] == "markdown"
    runs = re.findall(r"c+", "".join(kind[0] for kind in kinds))
    assert max(map(len, runs), default=0) <= 4  # a question and at most a few cells that answer it


@every_notebook
def test_rule_5_no_machinery_hides_in_a_notebook(path: Path) -> None:
    for cell_id, tree in code_of(path):
        nodes = list(ast.walk(tree))
        assert [type(node).__name__ for node in nodes if isinstance(node, FORBIDDEN)] == [], cell_id
        calls = {called(node) for node in nodes if isinstance(node, ast.Call)}
        assert calls & (FORBIDDEN_CALLS | CLOCKS) == set(), cell_id
        texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        assert [text for text in texts if PATH_LITERAL.fullmatch(text)] == [], cell_id


@every_notebook
def test_rule_5_no_magic(path: Path) -> None:
    lines = [line for cell in cells_of(path) if cell.cell_type == "code" for line in cell.source.splitlines()]
    assert [line for line in lines if re.match(r"\s*[%!?]", line)] == []


@every_notebook
def test_rule_6_no_finding_is_typed_into_text(path: Path) -> None:
    text = "\n".join(cell.source for cell in cells_of(path) if cell.cell_type == "markdown")
    percentages = set(re.findall(r"(\d+(?:\.\d+)?) ?%", text)) - METHOD_NUMBERS
    assert percentages == set()
    assert re.findall(r"\d{1,3}(?:,\d{3})+", text) == []


@every_notebook
def test_rule_7_text_is_short(path: Path) -> None:
    long = {
        cell.id: len(cell.source.split())
        for cell in cells_of(path)
        if cell.cell_type == "markdown" and len(cell.source.split()) > MOST_WORDS
    }
    assert long == {}


# how many stand behind a share; a target or limit is no share of anything seen
NUMBER_HEADING = (
    r"(?i)\bn\b|样本|数$|量$|contacts|rows|answers|answered|sent|offered|days|number|count|reviews|complaints|failures"
)
SET_HEADING = r"(?i)target|limit|weight|wanted|promise|目标|权重|界限"


def columns_of_table(page: str) -> dict[str, list[str]]:
    """Heading to the texts below it."""
    body = re.sub(r"<style.*?</style>", "", page, flags=re.S)
    headings = [plain(head) for head in re.findall(r"<th[^>]*scope=\"col\".*?</th>", body, re.S)]
    inside = re.search(r"<tbody.*?</tbody>", body, re.S)
    rows = re.findall(r"<tr.*?</tr>", inside.group() if inside else "", re.S)
    cells = [[plain(cell) for cell in re.findall(r"<t[dh].*?</t[dh]>", row, re.S)] for row in rows]
    return {heading: [row[i] for row in cells if i < len(row)] for i, heading in enumerate(headings)}


def plain(element: str) -> str:
    return re.sub(r"<[^>]+>", "", element).strip()


@every_notebook
def test_rule_8_a_shown_share_has_its_n_beside_it(path: Path) -> None:
    for cell_id, kind, content in outputs_of(path):
        columns = columns_of_table(content) if kind == "text/html" and "provenance" not in cell_id else {}
        shares = [
            heading for heading, texts in columns.items()
            if not re.search(SET_HEADING, heading) and any(re.fullmatch(r"[+−]?[\d,.]+%.*", text) for text in texts)
        ]  # fmt: skip
        has_n = any(re.search(NUMBER_HEADING, heading) for heading in columns)
        has_n |= "Where it comes from" in columns  # assumptions and settings, row by row
        assert has_n or not shares, (cell_id, shares)


def test_the_check_of_rule_8_sees_a_share_without_its_n() -> None:
    alone = pd.DataFrame({"team": ["A"], "answered_share": [0.8]})
    page = table(alone, name="t", title="t", columns={"team": "Team", "answered_share": "Share"}).as_raw_html()
    assert columns_of_table(page) == {"Team": ["A"], "Share": ["80.0%"]}


@every_notebook
def test_rule_9_the_end_says_what_would_change_the_answer_and_what_it_rests_on(path: Path) -> None:
    *_, doubts, last = cells_of(path)
    assert doubts.cell_type == "markdown"
    assert doubts.source.startswith("## What would change this answer?\n")
    assert "nbval-ignore-output" in tags_of(last)
    assert "book.provenance()" in last.source
    assert [called(node) for node in ast.walk(ast.parse(last.source)) if isinstance(node, ast.Call)][0] == "table"


@every_notebook
def test_rule_10_a_twin_in_another_language_follows_its_original(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    for before, cell in zip([None, *cells], cells, strict=False):
        if "lang-zh" in tags_of(cell):
            assert cell.cell_type == "markdown"
            assert before is not None and before.cell_type == "markdown" and "lang-zh" not in tags_of(before), cell.id
            assert "lang-en" in tags_of(before), before.id


@every_notebook
def test_rule_10_every_text_has_its_twin_in_chinese(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    texts = [(cell.id, after.id) for cell, after in zip(cells, [*cells[1:], cells[0]], strict=True)
             if cell.cell_type == "markdown" and "lang-zh" not in tags_of(cell)]  # fmt: skip
    assert [(before, f"{before}-zh") for before, _ in texts] == texts
    twins = {cell.id: cell.source for cell in cells if "lang-zh" in tags_of(cell)}
    headings = {cell.id: re.match(r"#*", cell.source)[0] for cell in cells if cell.cell_type == "markdown"}  # type: ignore[index]
    assert {name: headings[name] for name in twins} == {name: headings[name.removesuffix("-zh")] for name in twins}
    assert [name for name, source in twins.items() if re.search(r"[,;:?!]\s|\*\*[^*]+：\*\*", source)] == []


@every_notebook
def test_tables_and_figures_have_names_that_publication_can_use(path: Path) -> None:
    tables = names_in(path, MAKES_A_TABLE.__contains__)
    assert [name for name in tables if not re.fullmatch(NAME_PATTERN, name) or name[:3] != f"{path.stem[:2]}_"] == []
    figures = names_in(path, MAKES_A_FIGURE.fullmatch)
    assert [name for name in figures if name[:3] != f"{path.stem[:2]}_"] == []


@pytest.mark.parametrize("makes", [MAKES_A_TABLE.__contains__, MAKES_A_FIGURE.fullmatch], ids=["tables", "figures"])
def test_names_are_unique_over_all_notebooks(makes: Any) -> None:
    names = Counter(name for path in NOTEBOOKS for name in names_in(path, makes))
    assert [name for name, count in names.items() if count > 1] == []


@every_notebook
def test_committed_outputs_hold_no_picture_no_error_and_no_path_of_a_machine(path: Path) -> None:
    outputs = outputs_of(path)
    assert {kind for _, kind, _ in outputs if kind.startswith("image/")} == set()
    assert [cell_id for cell_id, _, content in outputs if ABSOLUTE_PATH.search(str(content))] == []
    shown = [output for cell in nbformat.read(path, as_version=4).cells for output in cell.get("outputs", [])]
    assert [output.output_type for output in shown if output.output_type in ("error", "stream")] == []


@every_notebook
def test_sources_hold_no_path_of_a_machine(path: Path) -> None:
    assert [cell.id for cell in cells_of(path) if ABSOLUTE_PATH.search(cell.source)] == []


def test_the_notebooks_are_numbered_without_a_gap() -> None:
    assert [path.stem[:2] for path in NOTEBOOKS] == [f"{number:02d}" for number in range(1, len(NOTEBOOKS) + 1)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_twins_lead_to_the_same_places(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    twins = [(one, other) for one, other in zip(cells, cells[1:], strict=False) if "lang-zh" in tags_of(other)]
    assert twins
    for one, other in twins:
        leads = [re.findall(r"\]\(([^)]+)\)", cell.source) for cell in (one, other)]
        assert sorted(leads[0]) == sorted(leads[1]), other.id
