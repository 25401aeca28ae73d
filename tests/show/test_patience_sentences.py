"""Patience and shrinkage in sentences, in both languages, with and without an answer."""

import math
from types import SimpleNamespace

import pandas as pd
import pytest

from csm_lib.results import Estimate
from csm_lib.show.patience import sentence_of_patience, sentence_of_shrinkage

CHECK = SimpleNamespace(is_exponential=False, n_abandoned=1464, mean_s=120.0, early_ratio=0.45, reason="")
COST = pd.DataFrame({"law": ["exponential", "as seen"], "abandon_share": [0.092, 0.09]})


def test_patience_that_fits_needs_no_rate():
    check = SimpleNamespace(**{**vars(CHECK), "is_exponential": True})
    assert str(sentence_of_patience(check, COST.iloc[:0], language="en")) == (
        "Patience looks exponential (1,464 hung up; mean as observed 2.0 min).")


def test_patience_in_chinese_names_both_losses():
    said = str(sentence_of_patience(CHECK, COST, language="zh"))
    assert said.startswith("客户耐心不符合指数分布（1,464人放弃")
    assert "9.2%" in said and "按实际耐心为9.0%。" in said
    assert said.endswith("该假定使结果相差0.2个百分点，可以据此计算需求。")


def test_an_assumption_that_moves_the_answer_is_said_to_cast_doubt():
    apart = COST.assign(abandon_share=[0.12, 0.09])
    assert str(sentence_of_patience(CHECK, apart, language="en")).endswith(
        "The assumption moves the answer by 3.0 points: read the need and every scenario with that much doubt.")
    assert "3.0个百分点，需求与各情景都应带着这样的误差来读。" in str(sentence_of_patience(CHECK, apart, language="zh"))


def test_too_few_to_tell():
    check = SimpleNamespace(is_exponential=None, reason="too few hung up to tell: 3, and 40 are needed")
    assert str(sentence_of_patience(check, COST, language="en")) == (
        "Whether one mean patience will do: not measured, too few hung up to tell: 3, and 40 are needed.")


@pytest.mark.parametrize(("found", "said"), [
    (Estimate(0.05, 0.04, 0.06, 200, "counted"),
     "Shifts record 5.0% of paid time on breaks or away (200 shifts); the need is computed with 30.0%."),
    (Estimate(math.nan, math.nan, math.nan, 9, "not measured: the shifts record no breaks or absence"),
     "Shrinkage on record: not measured, the shifts record no breaks or absence."),
], ids=["recorded", "not recorded"])
def test_shrinkage(found, said):
    assert str(sentence_of_shrinkage(found, assumed=0.3, language="en")) == said
