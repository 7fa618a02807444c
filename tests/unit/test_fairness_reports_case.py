"""One case in words: every sentence, both languages, nothing that recommends an action."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd
import pytest

from fairness_reports.reports import FeatureLine
from fairness_reports.reports.association import about_others
from fairness_reports.reports.case import SHOWN, Case, case_text
from fairness_reports.reports.language import LANGUAGES, Language, catalogue, refused_wording
from features.words import Text, Words
from tests import fairness_reports_fake as fake


def reasons(*contributions: float) -> pd.DataFrame:
    """Rows of explanations.parquet, one factor each."""
    count = len(contributions)
    ages: list[Any] = [None if i % 2 else 1 + i for i in range(count)]
    return pd.DataFrame(
        {
            "factor": [f"factor_{i}" for i in range(count)],
            "value": [None if i == 1 else str(i) for i in range(count)],
            "contribution": contributions,
            "rank": range(1, count + 1),
            "evidence_ids": [[] for _ in range(count)],
            "evidence_count": [0 if i == 2 else 3 for i in range(count)],
            "evidence_age_days": pd.array(ages, dtype="Int64"),
        }
    )


def a_case(contributions: tuple[float, ...], *, informative: bool = True, stale: date | None = None) -> Case:
    """A case whose base value and contributions add up."""
    row = {
        "as_of": pd.Timestamp("2024-10-31"), "score": 0.123, "low": 0.1, "high": 0.15, "band": "unheard-of",
        "informative": informative, "base_value": -1.0, "raw": -1.0 + sum(contributions),
    }  # fmt: skip
    words: Words = fake.words()
    title, contact = (
        Text(en="A title & more", de="Ein Titel & mehr"),
        Text(en="the ombudsperson", de="die Ombudsstelle"),
    )
    return Case(
        row, reasons(*contributions), "r-1", "headline", title, contact, words, simulated=True, stale_since=stale
    )


@pytest.mark.parametrize("code", LANGUAGES)
def test_strongest_reasons_stand_by_direction_and_nothing_is_escaped(code: str) -> None:
    text = case_text(Language(code), a_case((0.5, 0.4, -0.3, 0.25, 0.2, 0.15, 0.1)))
    assert "&amp;" not in text
    up = [line for line in text.splitlines() if line.startswith("  +")]
    down = [line for line in text.splitlines() if line.startswith("  −")]
    assert len(up) == SHOWN
    assert len(down) == 1
    assert "factor_0" in up[0]
    assert not refused_wording(text, code)


def test_the_terminal_says_what_the_contributions_add_up_to() -> None:
    text = case_text(Language("en"), a_case((0.5, -0.25)))
    assert "−1.000 + 0.250 = −0.750" in text
    assert "12.3% (from 10.0% to 15.0%" in text


def test_a_case_without_reasons_says_so() -> None:
    text = case_text(Language("en"), a_case((-0.5,), informative=False, stale=date(2024, 11, 2)))
    assert "What goes with a higher score:\n  nothing" in text
    assert "Not informative" in text
    assert "2 November 2024" in text


@pytest.mark.parametrize("code", LANGUAGES)
def test_of_other_people_only_that_something_is_recorded(code: str) -> None:
    case = a_case((0.5, 0.4, 0.3, -0.25))
    others = {"factor_0": "all", "factor_2": "all", "factor_3": "some"}
    lines = case_text(Language(code), replace(case, others=others)).splitlines()
    said = {name: next(line for line in lines if name in line) for name in (f"factor_{i}" for i in range(4))}
    tags = [str(catalogue(code)[f"association.tag_{how}"]) for how in ("all", "some")]
    something, nothing = (str(catalogue(code)[f"case.{name}"]) for name in ("something", "nothing"))
    assert said["factor_0"].endswith(f"factor_0 ({tags[0]}) ({something})")
    assert said["factor_2"].endswith(f"factor_2 ({tags[0]}) ({nothing})")
    assert said["factor_3"].endswith(f"factor_3 ({tags[1]}) ({something})")
    assert said["factor_1"] in case_text(Language(code), case), "what speaks of the person is told as ever"


def test_factors_are_about_others_wholly_or_partly() -> None:
    lines = [FeatureLine("a", "x", by_association=True), FeatureLine("b", "y"), FeatureLine("c", "z")]
    assert about_others(lines) == {"x": "all"}
    assert about_others([*lines, FeatureLine("d", "z", by_association=True)]) == {"x": "all", "z": "some"}
    assert about_others([]) == {}


def test_every_sentence_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()
    plain = Language.t

    def noting(self: Language, key: str, **values: Any) -> Any:
        asked.add(key)
        return plain(self, key, **values)

    monkeypatch.setattr(Language, "t", noting)
    case_text(Language("en"), a_case((0.5, 0.4, -0.3), stale=date(2024, 11, 2)))
    case_text(Language("en"), replace(a_case((-0.5,), informative=False), others={"factor_0": "all"}))
    assert {key for key in catalogue("en") if key.startswith("case.")} <= asked
