"""A made-up release's restricted rows and lists of a team, for tests of lists and of the answers that come back."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fairness_reports.caseload import About, TeamList, blind_sheet, build_list, full_sheet, write_csv, write_workbook
from fairness_reports.charter import Charter
from fairness_reports.charter.uses import Caseload
from fairness_reports.language import Language
from features.words import Text
from tests import fairness_reports_fake as fake

RELEASE = "2024-06-01-0123456789"
DAY = dt.date(2024, 6, 1)
MADE_ON = dt.date(2024, 6, 10)
BANDS = [("low", 0.1), ("middle", 0.3), ("high", 1.0)]


def use(**changes: Any) -> Caseload:
    """The charter's section: a fifth drawn, two weeks, two actions."""
    fields = {
        "purpose": fake.text("To prepare the weekly talk.", "Zur Vorbereitung des wöchentlichen Gesprächs."),
        "drawn_at_random": 0.2,
        "expires_after_days": 14,
        "actions": [
            {"code": "called", "label": fake.text("Somebody called", "Es wurde angerufen"), "selected": True},
            {"code": "nothing_now", "label": fake.text("Nothing for now", "Vorerst nichts"), "selected": False},
        ],
        "reason": fake.text("The team meets every two weeks.", "Das Team trifft sich alle zwei Wochen."),
    }
    return Caseload.model_validate({**fields, **changes})


def charter(**changes: Any) -> Charter:
    return fake.charter(caseload=use(**changes).model_dump(), stop_rule=fake.text("None.", "Keine."))


def scores(cases: int = 60, team: str = "North", seed: int = 1) -> pd.DataFrame:
    """Scores of one team; every tenth says nothing. Models that are as good differ by some noise."""
    rng = np.random.default_rng(seed)
    score = rng.beta(2, 6, cases)
    dull = np.arange(cases) % 10 == 9
    return pd.DataFrame(
        {
            "case_id": [hashlib.md5(f"{team}{i}".encode()).hexdigest() for i in range(cases)],
            "person_id": [hashlib.md5(f"person{team}{i}".encode()).hexdigest() for i in range(cases)],
            "as_of": DAY,
            "team": team,
            "score": score,
            "low": np.clip(score - 0.01, 0, 1),
            "high": np.clip(score + 0.01, 0, 1),
            "band": np.select([score < 0.1, score < 0.3], ["low", "middle"], "high"),
            "informative": ~dull,
            "reason": pd.Series(np.where(dull, "thin_evidence", None), dtype=object),
            "raw": np.log(score / (1 - score)),
            "base_value": -1.0,
            "model_version": "m",
            "others": list(np.clip(score[:, None] + rng.normal(0, 0.01, (cases, 4)), 0, 1)),
        }
    )


def explanations(scored: pd.DataFrame) -> pd.DataFrame:
    """Five factors of each case; nothing is recorded behind the fourth, there is none of the third."""
    names = list(fake.FACTORS)[:5]
    rows = [
        {"case_id": row.case_id, "as_of": row.as_of, "factor": name, "feature": name, "value": "0" if k == 2 else "7",
         "contribution": (1.0 if k % 2 else -1.0) / (k + 1), "rank": k + 1, "evidence_ids": [],
         "evidence_count": 0 if k == 3 else 4, "evidence_age_days": None if k == 3 else 12}
        for row in scored.itertuples() for k, name in enumerate(names)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def fairness() -> pd.DataFrame:
    """What became of past cases by band: the lowest holds too few to be told."""
    told = [("0.000–0.100", float("nan"), float("nan"), float("nan"), 4), ("0.100–0.300", 0.2, 0.17, 0.231, 800),
            ("0.300–1.000", 0.448, 0.413, 0.481, 300)]  # fmt: skip
    rows = [
        {"split": "test", "attribute": "overall", "group": "overall", "band": band, "metric": "base_rate",
         "comparison": "value", "reference": None, "value": value, "low": low, "high": high, "n": n}
        for band, value, low, high, n in told
    ]  # fmt: skip
    return pd.DataFrame(rows)


def team_list(
    scored: pd.DataFrame | None = None,
    *,
    team: str = "North",
    made_on: dt.date = MADE_ON,
    capacity: float = 0.25,
    views: Mapping[str, str] | None = None,
    programme: str = "made_up",
    release_id: str = RELEASE,
    **changes: Any,
) -> TeamList:
    """A list of the made-up team."""
    scored = scores() if scored is None else scored
    return build_list(
        scored, explanations(scored), fairness(), BANDS, use(**changes), capacity=capacity, minimum_cell=10,
        programme=programme, release_id=release_id, team=team, made_on=made_on, counted={"mean_mark"}, views=views,
    )  # fmt: skip


def about(**changes: Any) -> About:
    fields: dict[str, Any] = {
        "title": Text(en="Calls for students", de="Anrufe bei Studierenden"),
        "charter": charter(),
        "words": fake.words(),
        "headline": "Met the thresholds",
        "others": {"late_submissions": "some"},
    }
    return About(**{**fields, **changes})


def write_list(
    path: Path, listed: TeamList | None = None, *, lang: str = "en", blind: bool = False, asked: bool = False
) -> TeamList:
    """Write a list as .xlsx or .csv and return it."""
    listed, language = listed or team_list(), Language(lang)
    sheet = blind_sheet(language, listed, about()) if blind else full_sheet(language, listed, about(), asked=asked)
    (write_csv if path.suffix == ".csv" else write_workbook)(path, sheet)
    return listed


def fill(path: Path, to: Path, answers: Mapping[str, Mapping[str, Any]]) -> None:
    """Fill in a workbook: case id -> column -> what somebody typed."""
    from openpyxl import load_workbook

    book = load_workbook(path)
    sheet = book["list"]
    at = next(row for row in sheet.iter_rows() if any(cell.value == "case_id" for cell in row))
    columns = {cell.value: cell.column for cell in at}
    for row in range(at[0].row + 1, sheet.max_row + 1):
        for name, value in answers.get(sheet.cell(row, columns["case_id"]).value, {}).items():
            sheet.cell(row, columns[name]).value = value
    book.save(to)
