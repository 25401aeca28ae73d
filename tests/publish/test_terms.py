from __future__ import annotations

import pytest

from csm_lib.publish.terms import definitions, link_terms


def link(key: str, name: str) -> str:
    return f'<a class="term" href="#term-{key}">{name}</a>'


@pytest.mark.parametrize(
    ("html", "language", "wanted"),
    [
        pytest.param("<p>Complaints rose; Complaints fell</p>", "en",
                     f"<p>{link('complaint_rate', 'Complaints')} rose; Complaints fell</p>", id="the first mention"),
        pytest.param("<td>Complaints</td>", "en", f"<td>{link('complaint_rate', 'Complaints')}</td>", id="a cell"),
        pytest.param("<td>Complaints of May</td>", "en", "<td>Complaints of May</td>", id="a cell that says more"),
        pytest.param("<p>First contact resolution</p>", "en",
                     f"<p>{link('fcr', 'First contact resolution')}</p>", id="the longest name"),
        pytest.param("<p>Non-Complaints</p>", "en", "<p>Non-Complaints</p>", id="part of a word"),
        pytest.param("<p><code>Complaints</code></p>", "en", "<p><code>Complaints</code></p>", id="code stays code"),
        pytest.param("<ul><li>投诉率1.2%</li></ul>", "zh", f"<ul><li>{link('complaint_rate', '投诉率')}1.2%</li></ul>",
                     id="in Chinese no space stands around a name"),
        pytest.param("<li><p>Complaints &lt;b&gt;</p></li>", "en",
                     f"<li><p>{link('complaint_rate', 'Complaints')} &lt;b&gt;</p></li>", id="text stays escaped"),
    ],
)  # fmt: skip
def test_names_lead_to_definitions(html: str, language: str, wanted: str) -> None:
    assert link_terms(html, language=language, met=set()) == wanted


def test_the_list_holds_what_was_met_in_the_order_of_the_dictionary() -> None:
    made = definitions({"complaint_rate", "frt"}, language="en", formula="Formula")
    assert made.index('id="term-frt"') < made.index('id="term-complaint_rate"')
    assert made.count("<dt ") == 2
    assert definitions((), language="en", formula="Formula") == ""
