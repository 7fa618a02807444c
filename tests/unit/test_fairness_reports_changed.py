"""What changed since the last release, how all programmes stand, and the page of a home that lists them."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from fairness_reports.language import LANGUAGES, catalogue, refused_wording
from fairness_reports.reports import ReportContext, page_html
from fairness_reports.reports.changed import strongest
from fairness_reports.reports.standing import Before
from tests import fairness_reports_fake as fake
from tests.foreign_words import foreign_words

MARKUP = "<script>alert(1)</script>"


def text(page: str) -> str:
    page = re.sub(r"<style.*?</style>|<nav.*?</nav>", "", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def section(context: ReportContext, code: str = "en") -> str:
    page = text(page_html(code, context, "index"))
    start = page.index(str(catalogue(code)["changed.title"]))
    return page[start : page.index(str(catalogue(code)["index.outcome_title"]), start)]


def test_verdict_day_training_rows_then_and_now() -> None:
    context = fake.context()
    found = section(context)
    assert "Compared with the release of 3 March 2014 (2014-03-03-77aa01fe00), as it was published." in found
    assert "As of 3 March 2014 31 October 2014" in found
    assert "Rows accepted from the delivery about 206,000 about 206,000" in found, "no row is counted out"
    assert "The verdict is of the same kind as then." in found
    assert "The charter is the same, word for word." in found
    assert "The model was newly trained" in found
    other = replace(context, before=fake.before(verdict="not_fit", charter_hash="00"))
    assert "The verdict is another one than then." in section(other)
    assert "The charter has been changed." in section(other)


def test_a_gap_that_turned_and_the_agreed_figures() -> None:
    found = section(fake.context())
    assert "Ranking (AUC) 0.70 0.69 to 0.72 0.70 0.69 to 0.72" in found
    turned = found[found.index("Judged differences with another finding") : found.index("All 22 judged")]
    assert "women Gender, Found, of those with the outcome outside +12.0 points (+10.0 to +14.0)" in turned
    assert turned.count("Gender,") == 1, "only what turned"
    same = replace(fake.context(), before=replace(fake.before(), fairness=fake.fairness()))
    assert "No judged difference has another finding than then." in section(same)


def test_the_figures_then_are_those_of_the_test_then() -> None:
    then = fake.before()
    metrics = then.metrics.copy()
    mine = (metrics["split"] == "2013J") & (metrics["model"] == "hist_gradient_boosting") & (metrics["metric"] == "auc")
    metrics.loc[mine, ["value", "low", "high"]] = [0.61, 0.6, 0.62]
    found = section(replace(fake.context(), before=replace(then, metrics=metrics)))
    assert "Ranking (AUC) 0.61 0.60 to 0.62 0.70 0.69 to 0.72" in found


def test_factors_that_are_new_among_the_strongest() -> None:
    found = section(fake.context())
    assert "New among the 5 strongest factors: Credits studied at the same time." in found
    assert "No longer among the 5 strongest factors: Quizzes tried." in found
    same = replace(fake.context(), before=replace(fake.before(), factors=fake.factors()))
    assert "The 5 strongest factors are the same." in section(same)
    assert strongest(pd.DataFrame()) == []
    frame = fake.factors().assign(importance=0.0)
    assert strongest(frame) == [], "a factor that adds nothing is not strong"


def test_under_the_same_training_no_figure_is_said_to_be_new() -> None:
    context = fake.context()
    found = section(replace(context, before=fake.before(training=context.manifest["training"])))
    assert "The model is the same one." in found
    assert "Ranking (AUC)" not in found
    assert "judged difference" not in found


@pytest.mark.parametrize("code", LANGUAGES)
def test_with_and_without_a_model_and_without_a_release_before(code: str) -> None:
    sentences = catalogue(code)
    untrained: dict[str, Any] = {"training": None, "audited_model": None, "verdict": "descriptive_only"}
    then = Before({**fake.before().manifest, **untrained}, quality=fake.quality())
    assert sentences["changed.model_first"] in section(replace(fake.context(), before=then), code)
    bare = replace(fake.context("descriptive_only"), before=fake.before())
    assert sentences["changed.model_none"] in section(bare, code)
    first = replace(fake.context(), before=None)
    assert sentences["changed.first"] in section(first, code)
    for context in (first, bare, replace(fake.context(), before=then)):
        assert not refused_wording(section(context, code), code)


AGAIN = [
    {"split": "2013J", "attribute": "gender × age_band", "of": ""},
    {"split": "2014B", "attribute": "gender", "of": "2014-03-03-77aa01fe00"},
    {"split": "2014B", "attribute": "gender × age_band", "of": "2014-03-03-77aa01fe00"},
    {"split": "2014B", "attribute": "overall", "of": "2014-03-03-77aa01fe00"},
    {"split": "now", "attribute": "gender", "of": "2014-07-01-5d1e20aa31"},
]


def told_again(places: list[dict[str, str]], **changes: Any) -> ReportContext:
    made = fake.context(**changes)
    return replace(made, manifest={**made.manifest, "told_again": places})


@pytest.mark.parametrize("before", [None, fake.before()])
@pytest.mark.parametrize("code", LANGUAGES)
def test_that_figures_stand_as_an_earlier_release_told_them_is_said_and_not_which(
    before: Before | None, code: str
) -> None:
    page = section(told_again(AGAIN, before=before), code)
    assert catalogue(code)["again.intro"] in page
    assert AGAIN[-1]["of"] not in page
    few, many = (page_html(code, told_again(places, before=before), "index") for places in (AGAIN[:1], AGAIN))
    assert few == many, "nobody reads from a page where something has changed"
    assert not refused_wording(page, code)
    assert not foreign_words(page, code)


@pytest.mark.parametrize("code", LANGUAGES)
def test_where_everything_is_told_anew_nothing_is_said_of_it(code: str) -> None:
    plain = page_html(code, fake.context(), "index")
    assert page_html(code, told_again([]), "index") == plain
    assert catalogue(code)["again.intro"] not in text(plain)


@pytest.mark.parametrize(
    ("code", "first", "again", "number"),
    [
        (
            "en",
            "a release of the same day is not compared here",
            "in a release of this programme that was made before",
            "6,825",
        ),
        (
            "de",
            "mit einer Ausgabe desselben Tages wird hier nicht verglichen",
            "eine vorher erstellte Ausgabe dieses Programms",
            "6.825",
        ),
    ],
)
def test_no_earlier_day_and_an_earlier_release_do_not_contradict_each_other(
    code: str, first: str, again: str, number: str
) -> None:
    context = told_again(AGAIN, before=None)
    said = section(context, code)
    assert first in said
    assert again in said
    told = {"profile": "default", "minimum": 10, "base": 5, "shown": 9000, "withheld": 6825}
    page = page_html(code, replace(context, manifest={**context.manifest, "disclosure": told}), "index")
    assert number in page
    assert "6825" not in page
