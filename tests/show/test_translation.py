"""The catalogues: nothing that reaches a page lacks its Chinese, and no place in a text is lost on the way."""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from csm_lib.definitions import FACTS, INDICATORS, TABLES, WORD_LISTS
from csm_lib.show.messages import MESSAGES
from csm_lib.show.translation import catalogue, is_translated, translated, translated_plural

PROJECT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))
ROOM = sorted((PROJECT / "csm_lib" / "show").glob("*.py"))
FILES = sorted((PROJECT / "csm_lib" / "show" / "catalogues").glob("*/*.po"))

FILLS = {"text", "sentence", "sentence_not_measured"}
SHOWS = re.compile(r"table|scorecard_table|plot_\w+")
SHOWN = {"title", "subtitle", "note", "columns"}
PLACE = re.compile(r"\{(\w+)\}")
# names of methods and scales that keep their letters
PROPER = {
    *re.findall(
        r"\S+",
        "LMG Shapley VIF Logit McFadden "
        "SMART SLA OLA NPS CSAT FCR AHT WAPE EWMA RACI UTC App RSD CNY Wilson Wald Erlang Kappa Cohen Fleiss "
        "Clopper Pearson Bell McCaffrey CR2 Goodman Woodruff Kaplan Meier Aalen Johansen Brookmeyer Crowley "
        "Garwood Poisson Chromium data tables actions five_whys events toml staffing objectives indicators "
        "workbook status_log shifts",
    )
}


def code_of(path: Path) -> Iterator[ast.Module]:
    if path.suffix == ".py":
        yield ast.parse(path.read_text(encoding="utf-8"))
        return
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            yield ast.parse("".join(cell["source"]))


def literals(node: ast.AST | None) -> Iterator[str]:
    """Texts that an expression can become: itself, either side of a choice, the values of a mapping."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)
    elif isinstance(node, ast.Dict):
        for value in node.values:
            yield from literals(value)
    elif isinstance(node, ast.BinOp):
        yield from literals(node.left)
        yield from literals(node.right)


def shown_texts(path: Path) -> set[str]:
    """Every literal text of a file that a reader will see: titles, notes, headings, templates, reasons."""
    found: set[str] = set()
    for tree in code_of(path):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                given = {word.arg: word.value for word in node.keywords}
                if name in FILLS:
                    found |= {*literals(node.args[0] if node.args else None), *literals(given.get("many"))}
                elif path.suffix == ".ipynb" and SHOWS.fullmatch(name):
                    found |= {text for key in SHOWN & set(given) for text in literals(given[key])}
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).endswith(".attrs['reason']"):
                found |= {*literals(node.value)}
    return {text for text in found if re.search(r"[A-Za-z]{2}", PLACE.sub("", text))}


def missing(texts: set[str]) -> list[str]:
    plurals = {message.id[-1] for message in catalogue("zh") if isinstance(message.id, tuple)}
    known = plurals | PROPER
    return sorted(text for text in texts if text not in known and not is_translated(text.strip(), "zh"))


@pytest.mark.parametrize("path", [*NOTEBOOKS, *ROOM], ids=lambda path: path.name)
def test_every_text_that_a_reader_sees_has_its_chinese(path: Path) -> None:
    assert missing(shown_texts(path)) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_titles_and_notes_are_templates_with_values_not_filled_before_they_can_be_looked_up(path: Path) -> None:
    calls = [node for tree in code_of(path) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    given = [word for call in calls for word in call.keywords if word.arg in {"title", "subtitle", "note"}]
    assert [ast.unparse(word.value) for word in given if isinstance(word.value, ast.JoinedStr)] == []


def test_the_check_sees_a_missing_text() -> None:
    call_text = 'table(frame, title="No such title", columns={"a": "No such heading"}, note=None if a else "No note")'
    tree = ast.parse(call_text)
    call = next(node for node in ast.walk(tree) if isinstance(node, ast.Call))
    texts = {text for word in call.keywords for text in literals(word.value)}
    assert missing(texts) == ["No note", "No such heading", "No such title"]


def test_every_indicator_is_defined_in_both_languages() -> None:
    rows = [*INDICATORS.values(), *(row.fallback for row in INDICATORS.values() if row.fallback)]
    texts = {text for row in rows for text in (row.definition, row.formula, row.source, *row.exclusions)}
    assert missing({text for text in texts | {row.basis for row in rows} if text}) == []


def test_every_closed_word_table_and_column_has_its_chinese() -> None:
    words = {word for listed in WORD_LISTS.values() for word in listed}
    columns = {column.name for table in TABLES.values() for column in table.columns}
    facts = {name for fact in FACTS.values() for name in (fact.table, *fact.columns)}
    assert missing(words | set(TABLES) | columns | facts) == []


@pytest.mark.parametrize("key", MESSAGES)
def test_a_message_has_the_same_places_in_both_languages_and_no_english_in_the_chinese(key: str) -> None:
    english = MESSAGES[key]
    message = catalogue("zh").get(english, context=key)
    assert message is not None
    chinese = str(message.string)
    assert sorted(set(PLACE.findall(english))) == sorted(set(PLACE.findall(chinese)))
    assert set(re.findall(r"[A-Za-z]\w+", PLACE.sub("", chinese))) <= PROPER


def test_the_catalogue_has_no_message_that_the_program_lacks() -> None:
    assert {message.context for message in catalogue("zh") if message.context} == set(MESSAGES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_catalogue_keeps_the_places_of_its_texts_and_speaks_its_language(path: Path) -> None:
    with path.open("rb") as file:
        messages = [message for message in read_po(file, locale=path.parent.name) if message.id]
    for message in messages:
        english = str(message.id[-1] if isinstance(message.id, tuple) else message.id)
        chinese = str(message.string[0] if isinstance(message.string, tuple) else message.string)
        assert sorted(set(PLACE.findall(english))) == sorted(set(PLACE.findall(chinese))), english
        assert set(re.findall(r"[A-Za-z_]{2,}\d?", PLACE.sub("", chinese))) <= PROPER, english


def test_no_text_has_two_translations() -> None:
    found = defaultdict(set)
    for path in FILES:
        with path.open("rb") as file:
            for message in read_po(file, locale=path.parent.name):
                found[message.context, str(message.id)].add(str(message.string))
    assert {text: said for text, said in found.items() if len(said) > 1 and text[1]} == {}


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        pytest.param("Indicator", "指标", id="word for word"),
        pytest.param("Slow response", "响应慢", id="a heading's capital"),
        pytest.param("in_solution", "处理中", id="a code of the data"),
        pytest.param("phone, chat", "电话、在线聊天", id="a list of words"),
        pytest.param(
            "phone: only one value; team: never noted", "电话：只有一个取值；班组：从未记录", id="pairs in a list"
        ),
        pytest.param("· · Agents lack the skill", "· · 坐席技能不足", id="an indented statement"),
        pytest.param("no survey data", "没有问卷数据", id="a filled template, its word in the language too"),
        pytest.param("table complaints", "数据表：投诉", id="a number's place takes no word"),
        pytest.param("2024-01-01 to 2024-03-31", "2024-01-01至2024-03-31", id="two days"),
        pytest.param("has a baseline to start from", "须有起始基线", id="a day's place takes no word"),
        pytest.param("not measured: no survey data", "未测量：没有问卷数据", id="a reason behind its beginning"),
        pytest.param("words of our own", "words of our own", id="unknown: as it is"),
        pytest.param("", "", id="nothing"),
        pytest.param("78.1%", "78.1%", id="a number"),
    ],
)
def test_a_text_is_found_as_it_arrives(english: str, chinese: str) -> None:
    assert translated(english, "zh") == chinese
    assert translated(english, "en") == english


def test_plurals_follow_the_language() -> None:
    forms = ("{n} has no target", "{n} have no target")
    assert [translated_plural(*forms, n, "en") for n in (0, 1, 2)] == [forms[1], forms[0], forms[1]]
    assert {translated_plural(*forms, n, "zh") for n in (0, 1, 2)} == {"{n}项未设目标"}
    assert catalogue("zh").num_plurals == 1


def test_the_language_of_the_run_is_used_unless_one_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSM_LANGUAGE", "zh")
    assert (translated("Indicator"), translated("Indicator", "en")) == ("指标", "Indicator")
