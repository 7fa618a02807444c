"""One case in words: every sentence, both languages, nothing that recommends an action."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd
import pytest

from fairness_reports.reports import FeatureLine
from fairness_reports.reports.association import about_others
from fairness_reports.reports.bands import band_of_score, is_told
from fairness_reports.reports.case import SHOWN, Case, case_text
from fairness_reports.reports.language import LANGUAGES, Language, catalogue, refused_wording
from features.words import Text, Words
from models.informative import REASONS
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
        "informative": informative, "reason": None if informative else "interval_spans_base_rate",
        "base_value": -1.0, "raw": -1.0 + sum(contributions),
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


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_reason_of_a_score_that_says_little_has_words(code: str) -> None:
    said = set()
    for reason in REASONS:
        case = a_case((0.5,), informative=False)
        text = case_text(Language(code), replace(case, score={**case.score, "reason": reason}))
        assert not refused_wording(text, code)
        said |= {line for line in text.splitlines() if line.startswith(("Not informative", "Nicht aussagekräftig"))}
    assert len(said) == len(REASONS) == 4


def past(value: float, low: float, high: float, n: float = 400, band: str = "0.120–0.250") -> dict[str, Any]:
    return {"attribute": "overall", "group": "all", "band": band, "metric": "base_rate", "comparison": "value",
            "value": value, "low": low, "high": high, "n": n}  # fmt: skip


def test_a_score_is_shown_with_what_became_of_past_cases_in_its_band() -> None:
    of_sex = past(0.9, 0.8, 1) | {"attribute": "sex", "group": "f"}
    rows = [past(0.30, 0.25, 0.36, band="0.250–1.000"), of_sex, past(0.17, 0.14, 0.21), past(0.5, 0, 1, band="all")]
    table = pd.DataFrame(rows)
    row = band_of_score(table, 0.123)
    assert (row.value, row.low, row.high) == (0.17, 0.14, 0.21)
    assert band_of_score(table, 0.25).value == 0.30, "a band begins with its lower end"
    assert band_of_score(table, 1.0).value == 0.30, "the last band holds one"
    assert band_of_score(table, 0.05) is None
    text = case_text(Language("en"), replace(a_case((0.5,)), past=row))
    cases, outcome = fake.words().case.many["en"], fake.words().outcome["en"]
    assert f"Of 100 {cases} with a score like this, about 17 {outcome} (between 14 and 21)." in text.splitlines()
    german = case_text(Language("de"), replace(a_case((0.5,)), past=row))
    assert "Auf 100 " in german
    assert "(zwischen 14 und 21)" in german
    assert "Of 100" not in case_text(Language("en"), a_case((0.5,)))


@pytest.mark.parametrize(
    "row", [past(float("nan"), 0, 1), past(0.2, 0.1, 0.3, n=9), past(0.2, 0.1, 0.3, n=float("nan"))]
)
def test_what_became_of_too_few_is_not_told(row: dict[str, Any]) -> None:
    found = band_of_score(pd.DataFrame([row]), 0.123)
    assert not is_told(found, 10)
    assert is_told(band_of_score(pd.DataFrame([past(0.2, 0.1, 0.3, n=10)]), 0.123), 10)


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
    for reason in REASONS:
        low = a_case((0.5,), informative=False)
        case_text(Language("en"), replace(low, score={**low.score, "reason": reason}))
    assert {key for key in catalogue("en") if key.startswith("case.")} <= asked
