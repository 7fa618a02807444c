"""The page of a table that somebody else made: no charter, names as they stand, nothing judged."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from fairness_reports.language import LANGUAGES, Language, catalogue, refused_wording
from fairness_reports.reports.foreign import render_audit
from tests import fairness_reports_fake_audit as audit
from tests.unit.test_fairness_reports_reports import EVIL, seen, words

pytestmark = [pytest.mark.slow, pytest.mark.measured]

ABOUT: dict[str, Any] = {
    "file": "ratings.csv",
    "rows": 6505,
    "outcome": "reoffended_2y",
    "score": "decile",
    "rule": {"en": "Selected means: score at least 5", "de": "Ausgewählt heißt: Wert mindestens 5"},
    "by": ["gender", "age_band"],
    "cluster": None,
    "notes": [{"en": "Three rows had no outcome.", "de": "Drei Zeilen hatten keinen Ausgang."}],
}


def table() -> pd.DataFrame:
    frame = audit.fairness()
    frame = frame[~frame["metric"].str.startswith(("raw", "contribution", "proxy", "attrition"))]
    bounds = {"bound_low": None, "bound_high": None, "tipping_point": None}
    return frame.assign(confirmatory=False, state="not_judged", identification="undeclared", needed_n=None, **bounds)


def rendered(folder: Path, frame: pd.DataFrame | None = None, **changed: Any) -> dict[str, str]:
    written = render_audit(folder, table() if frame is None else frame, {**ABOUT, **changed})
    assert [path.relative_to(folder).as_posix() for path in written] == [
        "reports/en/fairness.html",
        "reports/de/fairness.html",
    ]
    return {path.parent.name: path.read_text(encoding="utf-8") for path in written}


def test_it_says_what_was_audited_and_that_nothing_was_agreed(tmp_path: Path) -> None:
    pages = rendered(tmp_path)
    text = words(pages["en"])
    for must in (
        "Table ratings.csv",
        "nothing was agreed beforehand, so there is no verdict",
        "Selected means: score at least 5.",
        "6,505 rows of the table. Of 100, about 19 had the recorded outcome: “reoffended_2y”.",
        "Compared for exploring only: gender, age_band and imd_band.",
        "Outcome: column “reoffended_2y”. Score: column “decile”. Groups: gender and age_band.",
        "Three rows had no outcome.",
        "Each row counts by itself.",
        "Each group against all rows",
        "“gender: F”",
        "Has not passed disclosure control",
    ):
        assert must in text, must
    for never in ("charter", "the model had", "agreed in", "What was tried"):
        assert never not in text.replace("The charter agreed no comparison", ""), never
    german = words(pages["de"])
    assert "es gibt" in german or "gibt es kein Urteil" in german
    assert "Ausgewählt heißt: Wert mindestens 5." in german
    assert german.count("heißt: Wert") == 1


def test_it_stands_alone_and_links_to_the_other_language_only(tmp_path: Path) -> None:
    for code, page in rendered(tmp_path).items():
        parsed = seen(page)
        other = next(each for each in LANGUAGES if each != code)
        assert set(parsed.links) - {"#content"} <= {f"../{other}/fairness.html"} | {
            link for link in parsed.links if link.startswith("#")
        }
        assert not {"script", "link", "img"} & set(parsed.tags)
        assert len(parsed.ids) == len(set(parsed.ids))
        plain = re.sub(r'<a class="language".*?</a>|<p class="note source">.*?</p>', "", page)
        assert not refused_wording(words(plain), code)


def test_names_are_shown_as_they_are_and_become_no_markup(tmp_path: Path) -> None:
    frame = table()
    frame["attribute"] = frame["attribute"].where(frame["attribute"] != "gender", EVIL)
    frame["group"] = frame["group"].where(frame["group"] != "F", EVIL)
    pages = rendered(
        tmp_path, frame, file=EVIL, outcome=EVIL, score=None, cluster=EVIL, by=[EVIL], notes=[{"en": EVIL, "de": EVIL}],
        rule={"en": EVIL, "de": EVIL},
    )  # fmt: skip
    for page in pages.values():
        assert "script" not in seen(page).tags
        assert EVIL not in page.replace(html.escape(EVIL), "")
    assert "Score: none." in words(pages["en"])
    assert "belong together" in words(pages["en"])


def test_an_audit_without_groups_or_scores_is_still_a_page(tmp_path: Path) -> None:
    frame = table()
    assert "About this audit" in words(rendered(tmp_path / "a", frame[frame["attribute"] == "overall"])["en"])
    assert "About this audit" in words(rendered(tmp_path / "b", frame.head(0))["en"])


def test_every_sentence_about_foreign_tables_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()
    plain = Language.t

    def noting(self: Language, key: str, **values: Any) -> Any:
        asked.add(key)
        return plain(self, key, **values)

    monkeypatch.setattr(Language, "t", noting)
    rendered(tmp_path / "one")
    rendered(tmp_path / "two", score=None, cluster="household")
    mine = {key for key in catalogue("en") if key.startswith("foreign.")}
    assert mine - asked == {"foreign.title", "foreign.cases"}  # read for both languages at once
    assert {"short.rule", "short.compared_rows", "course.splits_intro_rows"} <= asked
