"""The section on what people decided: in both languages, with counts and intervals, and silent without answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from fairness_reports.charter import Charter
from fairness_reports.decisions import decisions
from fairness_reports.decisions.figures import GAP_CHANGE
from fairness_reports.language import Language, refused_wording
from fairness_reports.reports.fairness import fairness_page
from fairness_reports.reports.fairness.people_and_model import people_and_model
from fairness_reports.reports.layout import Block, Facts, Fold, Section, Table
from fairness_reports.spec import ProtectedSpec
from tests.fairness_reports_fake import charter, context
from tests.unit.test_fairness_reports_decisions import CASELOAD, answers

pytestmark = [pytest.mark.slow, pytest.mark.measured]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    blind = answers(200, seed=8).assign(seen_before_deciding="no")
    blind["case_id"] = "b" + blind["case_id"]
    blind["cluster_id"] = "b" + blind["cluster_id"]
    every = pd.concat([answers(), blind]).rename(columns={"sex": "gender"})
    return decisions(every, ProtectedSpec(attributes=["gender"]), replicates=300)


def texts(block: Block | Section | Any) -> list[str]:
    """Everything that can be read in a part of a page."""
    if isinstance(block, str):
        return [block]
    if isinstance(block, Section):
        return [block.title, *(text for each in block.blocks for text in texts(each))]
    if isinstance(block, Facts):
        return [text for name, said in block.rows for text in (name, *said)]
    if isinstance(block, Fold):
        return [block.summary, *(text for each in block.blocks for text in texts(each))]
    if isinstance(block, Table):
        cells = [cell if isinstance(cell, str) else f"{cell.text} {cell.sub}" for row in block.rows for cell in row]
        return [block.caption, *block.head, *cells]
    return list(getattr(block, "items", [])) or [block.text]


def read(code: str, **changes: Any) -> str:
    sections = people_and_model(Language(code), context(**changes))
    return "\n".join(str(text) for section in sections for text in texts(section))


def test_what_people_decided_in_words(table: pd.DataFrame) -> None:
    english, german = (read(code, decisions=table) for code in ("en", "de"))
    assert english.startswith("People and model\nA list decides nothing.")
    assert german.startswith("Menschen und Modell\nEine Liste entscheidet nichts.")
    assert "never by single workers" in english
    assert "niemals nach einzelnen Fachkräften" in german
    row = table[(table["metric"] == "agreement") & (table["attribute"] == "overall") & (table["who"] == "joint")].iloc[
        0
    ]
    share, ends = round(row["value"] * 100), (round(row["low"] * 100), round(row["high"] * 100))
    assert f"Of 100, {share} came out as the model's selection would have ({ends[0]} to {ends[1]})." in english
    assert f"Auf 100 kommen {share}, bei denen" in german
    assert english.count("narrower. The difference from all cases was") == german.count("kleiner. Der Unterschied") >= 1
    for word in ("no longer current", "Decided after the score had been seen", "Decided before or without the score",
                 "these figures do not say who decided better", "Team", "small groups together"):  # fmt: skip
        assert word in english
    for said, code in ((english, "en"), (german, "de")):
        assert not refused_wording(said, code)
        assert "nan" not in said.lower().split()


def test_a_gap_that_surely_widened_is_called_wider(table: pd.DataFrame) -> None:
    wide = table.copy()
    at = wide["metric"] == GAP_CHANGE
    wide.loc[at & wide["value"].notna(), ["value", "low", "high"]] = [0.1, 0.05, 0.15]
    assert "wider. The difference from all cases was" in read("en", decisions=wide)
    assert "narrower. The" not in read("en", decisions=wide)
    wide.loc[at & wide["value"].notna(), ["value", "low", "high"]] = [0.1, -0.05, 0.15]
    assert "wider. The" not in read("en", decisions=wide)
    assert "it cannot be told whether the gap became wider or narrower" in read("en", decisions=wide)


def test_withheld_figures_have_a_reason(table: pd.DataFrame) -> None:
    bare = table.copy()
    bare[["value", "low", "high"]] = np.nan
    bare["n"] = pd.NA
    bare["reason"] = "fewer than 10"
    assert "Too few cases to say anything." in read("en", decisions=bare)
    assert "weniger als 10" in read("de", decisions=bare)


def test_older_days_are_named_and_outcomes_come_from_the_newest_that_is_closed(table: pd.DataFrame) -> None:
    later = table[~table["metric"].isin(["fnr", "fpr"])].assign(as_of=pd.Timestamp("2026-02-01").date())
    said = read("en", decisions=pd.concat([table, later]))
    assert "Lists of 1 February 2026" in said
    assert "Lists of 1 January 2026. What was done" in said
    assert "Lists of 1 earlier day stand in decisions.parquet." in said


def test_without_answers() -> None:
    assert read("en") == ""
    named = charter().model_copy(update={"caseload": CASELOAD})
    assert isinstance(named, Charter)
    assert "No answers of a team's list have been read so far." in read("en", charter=named)
    assert "Bisher wurde keine Antwort" in read("de", charter=named)


def test_the_section_stands_on_the_fairness_page(table: pd.DataFrame) -> None:
    titles = [section.title for section in fairness_page(Language("en"), context(decisions=table)).sections]
    assert titles.count("People and model") == 1
    nothing = context(decisions=table, fairness=context().fairness.iloc[:0])
    assert "People and model" in [section.title for section in fairness_page(Language("en"), nothing).sections]
