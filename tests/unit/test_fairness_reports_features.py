"""The page of explanations says which figures make a factor, what was expected of them, and what nothing means."""

from __future__ import annotations

import re

import pytest

from fairness_reports.reports import page_html
from pipelines.packs import load_pack
from pipelines.report_context import pack_context
from tests import fairness_reports_fake as fake

MANIFEST = {"programme": "family_support", "release_id": "r", "as_of": "2025-01-01", "verdict": None, "reasons": []}


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "en",
            [
                "What the factors are made of",
                "Missed appointments: how many, 90 days to 1 year ago missed_90d_to_1y "
                "the more, the more often the recorded outcome 0 when nothing happened",
                "Home visits: how many, last 90 days home_visits_90d nothing stated 0 when nothing happened",
                "0 when there is no value; missing where it was not collected",
            ],
        ),
        (
            "de",
            [
                "Woraus die Faktoren bestehen",
                "Versäumte Termine: Anzahl, vor 90 Tagen bis 1 Jahr missed_90d_to_1y "
                "je mehr, desto öfter das erfasste Ereignis 0, wenn nichts geschehen ist",
                "je mehr, desto seltener das erfasste Ereignis 730, wenn nichts geschehen ist",
                "0, wenn es keinen Wert gibt; fehlt, wo es nicht erhoben wurde",
            ],
        ),
    ],
)
def test_every_feature_of_a_pack_stands_with_its_expectation_and_missing_rule(code: str, said: list[str]) -> None:
    pack = load_pack("family_support")
    text = words(page_html(code, pack_context(pack, MANIFEST), "explanations"))
    for sentence in said:
        assert sentence in text
    for feature in pack.programme.features:
        assert f" {feature.name} " in text


def test_the_figures_of_the_factor_relied_on_most_come_first() -> None:
    context = fake.context("fit")
    overall = context.factors[context.factors["attribute"].isna()]
    ranked = overall.sort_values("importance", ascending=False)["factor"]
    text = words(page_html("en", context, "explanations"))
    places = [text.index(f"{factor}_28d") for factor in ranked]
    assert places == sorted(places)


def test_figures_about_other_people_are_tagged() -> None:
    context = fake.with_association()
    about = [line for line in context.features if line.by_association]
    text = words(page_html("de", context, "explanations"))
    assert about
    for line in about:
        assert line.label is not None
        assert f"{line.label.de} (über andere Menschen) {line.name}" in text


def test_without_features_there_is_no_such_table() -> None:
    assert "What the factors are made of" not in page_html("en", fake.context("fit", features=()), "explanations")
