"""One case in words: every sentence, both languages, nothing that recommends an action, text and page alike."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd
import pytest
from pydantic import TypeAdapter

from fairness_reports.language import LANGUAGES, Language, catalogue, refused_wording
from fairness_reports.reports import Excluded, FeatureLine
from fairness_reports.reports.association import about_others
from fairness_reports.reports.bands import band_of_score, is_told
from fairness_reports.reports.case import SHOWN, SHOWN_RECORDS, Case, case_page, case_text, told
from fairness_reports.reports.case.parts import Line, Points, Reason
from fairness_reports.reports.case.reasons import level
from fairness_reports.reports.case.values import category_words, value_words
from features.fields import Feature
from features.spec import FeatureSpec, columns
from features.words import Text, Words
from models.informative import REASONS
from tests import fairness_reports_fake as fake

EVENTS = {"events": {"type": "contact"}, "window": "90d"}


def spec(name: str, kind: str, factor: str | None = None, **fields: Any) -> Feature:
    """A feature as a pack declares it."""
    said = {"name": name, "kind": kind, "factor": factor or name, **fields}
    return TypeAdapter[Feature](FeatureSpec).validate_python(said)


def counts(n: int) -> list[Feature]:
    return [spec(f"factor_{i}", "count", **EVENTS) for i in range(n)]


def reasons(*contributions: float) -> pd.DataFrame:
    """Rows of explanations.parquet, one factor with one column each; the third has no record."""
    count = len(contributions)
    ids = [[f"{i:031x}{k}" for k in range(3)] if i != 2 else [] for i in range(count)]
    return pd.DataFrame(
        {
            "factor": [f"factor_{i}" for i in range(count)],
            "feature": [f"factor_{i}" for i in range(count)],
            "value": [str(i) for i in range(count)],
            "columns": [[f"factor_{i}"] for i in range(count)],
            "values": [[str(i)] for i in range(count)],
            "contribution": contributions,
            "rank": range(1, count + 1),
            "evidence_ids": ids,
            "evidence_count": [len(each) for each in ids],
            "evidence_age_days": pd.array([None if i == 2 else 12 for i in range(count)], dtype="Int64"),
        }
    )


def a_case(contributions: tuple[float, ...], *, informative: bool = True, **changes: Any) -> Case:
    """A case whose base value and contributions add up."""
    row = {
        "case_id": "c" * 32, "as_of": pd.Timestamp("2024-10-31"), "score": 0.123, "low": 0.1, "high": 0.15,
        "band": "unheard-of", "informative": informative, "reason": None if informative else "interval_spans_base_rate",
        "base_value": -1.0, "raw": -1.0 + sum(contributions),
    }  # fmt: skip
    fields: dict[str, Any] = {
        "score": row, "reasons": reasons(*contributions), "programme": "demo", "release_id": "r-1",
        "headline": "headline", "title": Text(en="A title & more", de="Ein Titel & mehr"), "charter": fake.charter(),
        "words": fake.words(), "features": counts(len(contributions)), "simulated": True,
    }  # fmt: skip
    return Case(**(fields | changes))


def text_of(case: Case, code: str = "en") -> str:
    """The text of the terminal in one line."""
    return " ".join(case_text(Language(code), case).split())


def page_text(page: str) -> str:
    """What a reader of the page sees, in one line."""
    body = re.sub(r"<p[^>]* hidden>.*?</p>", "", page.split("<body", 1)[1])
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", "<body" + body)).split())


@pytest.mark.parametrize("code", LANGUAGES)
def test_strongest_reasons_stand_by_direction_and_nothing_is_escaped(code: str) -> None:
    text = case_text(Language(code), a_case((0.5, 0.4, -0.3, 0.25, 0.2, 0.15, 0.1)))
    assert "&amp;" not in text
    assert "\x1b" not in text, "no colour"
    up = [line for line in text.splitlines() if line.lstrip().startswith("[+")]
    down = [line for line in text.splitlines() if line.lstrip().startswith("[−")]
    assert len(up) == SHOWN
    assert len(down) == 1
    assert "[++++++++++]" in up[0]
    assert "[−−−−−−····]" in down[0]
    assert str(catalogue(code)["case.left"]["one"]).format(n=1) in " ".join(text.split())
    assert not refused_wording(text, code)


def test_no_sentence_recommends_an_action() -> None:
    advice = {"en": r"\b(should|recommend|advise|act now|consider)", "de": r"\b(sollte|empfehl|empfohlen|raten)"}
    for code in LANGUAGES:
        said = [str(message) for key, message in catalogue(code).items() if key.startswith("case.")]
        assert not [each for each in said if re.search(advice[code], each, re.IGNORECASE)]


def test_a_reason_has_value_weight_date_age_and_records() -> None:
    case = a_case((0.5, 0.4))
    rows = case.reasons.assign(
        evidence_ids=[[f"{k:032x}" for k in range(7)], ["attribute:mood@2024-05-02", "case@2024-04-01"]],
        evidence_count=[23, 2],
    )
    text = case_text(Language("en"), replace(case, reasons=rows))
    line = " ".join(text.split())
    assert "factor 0 (how many, last 90 days): 0. [++++++++++] Raises the score strongly." in line
    assert "Last recorded on 19 October 2024, 12 days before the day of the score. Behind it stand 23 records" in line
    shown = re.findall(r"^ +([0-9a-f]{32})$", text, re.MULTILINE)
    assert shown == [f"{k:032x}" for k in range(SHOWN_RECORDS)]
    assert f"and {23 - SHOWN_RECORDS} more" in line
    assert "an entry in the file, known on 2 May 2024 the opening of the case on 1 April 2024" in line
    assert "mood" not in line
    page = case_page(Language("de"), replace(case, reasons=rows))
    assert page.count('<code class="id">') == 1 + SHOWN_RECORDS, "the case and what can be relinked"
    assert "und 18 weitere" in page


def test_all_columns_of_a_factor_are_told_the_one_that_weighs_most_first() -> None:
    features = [spec("a", "count", "x", **EVENTS), spec("b", "share", "x", of="missed", **EVENTS)]
    row = reasons(0.5).assign(factor="x", feature="b", value="0.25", columns=[["a", "b"]], values=[["4", "0.25"]])
    text = text_of(a_case((0.5,), reasons=row, features=features))
    assert "x (share of “missed”, last 90 days): 25%." in text
    assert "Also part of this factor: how many, last 90 days: 4." in text
    gap = row.assign(value=None, values=[[None, None]], evidence_count=0, evidence_ids=[[]])
    text = text_of(a_case((0.5,), reasons=gap, features=features))
    assert "Also part" not in text, "one gap is not told twice"
    assert "No value is known of: - x (how many, last 90 days)" in text
    named = [features[0], features[1].model_copy(update={"label": Text(en="x: a share", de="x: ein Anteil")})]
    assert "x (a share): 25%." in text_of(a_case((0.5,), reasons=row, features=named))


def test_how_strongly_a_factor_moves_the_score() -> None:
    assert level(0.4, 2.0) == "strongly"
    assert level(-0.4, 2.0) == "strongly"
    assert level(0.399, 2.0) == "moderately"
    assert level(0.1, 2.0) == "moderately"
    assert level(0.099, 2.0) == "slightly"
    assert level(0.19, 0.2) == "moderately", "all of little is not much"
    assert level(0.04, 0.05) == "slightly"
    text = text_of(a_case((0.5, 0.009, -0.009)))
    assert "factor 1 (" not in text.split("What is missing")[0], "what hardly moves a score is no reason"


def test_the_terminal_says_what_the_contributions_add_up_to() -> None:
    text = text_of(a_case((0.5, -0.25)))
    assert "starting value −1.000, all contributions together +0.250, raw score −0.750" in text
    assert "The score of this case as of 31 October 2024 is 12%. Range: 10% to 15%." in text
    assert "never of this person" in text


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_reason_of_a_score_that_says_little_has_words(code: str) -> None:
    said = set()
    for reason in REASONS:
        case = a_case((0.5,), informative=False)
        text = case_text(Language(code), replace(case, score={**case.score, "reason": reason}))
        assert not refused_wording(text, code)
        start = {"en": "  Not informative", "de": "  Nicht aussagekräftig"}[code]
        said |= {line for line in text.splitlines() if line.startswith(start)}
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
    text = text_of(a_case((0.5,), past=row, everyone=0.204))
    cases, outcome = fake.words().case.many["en"], fake.words().outcome["en"]
    assert "Band: unheard-of (scores from 12% to 25%)" in text
    assert f"Of 100 past {cases} in this band, about 17 {outcome} (between 14 and 21)." in text
    assert f"Of 100 past {cases} in all bands together, it was about 20." in text
    german = text_of(a_case((0.5,), past=row), "de")
    assert "Auf 100 frühere" in german
    assert "(zwischen 14 und 21)" in german
    assert "may not be told" in text_of(a_case((0.5,)))


@pytest.mark.parametrize(
    "row", [past(float("nan"), 0, 1), past(0.2, 0.1, 0.3, n=9), past(0.2, 0.1, 0.3, n=float("nan"))]
)
def test_what_became_of_too_few_is_not_told(row: dict[str, Any]) -> None:
    found = band_of_score(pd.DataFrame([row]), 0.123)
    assert not is_told(found, 10)
    assert is_told(band_of_score(pd.DataFrame([past(0.2, 0.1, 0.3, n=10)]), 0.123), 10)


def test_a_case_without_reasons_says_so() -> None:
    text = text_of(a_case((-0.5,), informative=False, stale_since=date(2024, 11, 2), newer=date(2025, 1, 1)))
    assert "What raises the score --------------------- Nothing that counts." in text
    assert "Not informative" in text
    assert "2 November 2024" in text
    assert "The current one is of 1 January 2025." in text
    assert "at the latest 90 days after a newer release" in text


def planted(contributions: tuple[float, ...]) -> Case:
    """Factors of which the first speaks of others, and a release that holds more of them than it may."""
    case = a_case(contributions)
    features = [spec("factor_0", "count", events={"type": "contact"}, window="90d", scope="association")]
    features += counts(len(contributions))[1:]
    rows = case.reasons.copy()
    rows["value"] = ["777", *rows["value"][1:]]
    rows["values"] = [["777"], *rows["values"][1:]]
    rows["evidence_age_days"] = pd.array([33, *rows["evidence_age_days"][1:]], dtype="Int64")
    return replace(case, reasons=rows, features=features)


@pytest.mark.parametrize("code", LANGUAGES)
def test_of_other_people_only_that_something_is_recorded(code: str) -> None:
    """Even where a faulty release held their values: no value, date, age, number or id."""
    case = planted((0.5, 0.4, 0.3, -0.25))
    tag = str(catalogue(code)["association.tag_all"])
    something, nothing = (str(catalogue(code)[f"case.{name}"]) for name in ("something", "nothing"))
    for shown in (text_of(case, code), page_text(case_page(Language(code), case))):
        assert f"factor 0 ({tag}): {something}." in shown
        assert f"{0:031x}" not in shown
        assert "777" not in shown
        assert "33" not in shown.split("“" if code == "en" else "„", 1)[0]
        assert "28 September" not in shown
        assert "28. September" not in shown
        assert "factor 1 (" in shown, "what speaks of the person is told as ever"
    rows = case.reasons.assign(evidence_count=[0, 3, 0, 3])
    shown = text_of(replace(case, reasons=rows), code)
    assert f"factor 0 ({tag}): {nothing}." in shown
    assert f"- factor 0 ({tag})" not in shown, "that others have no record is no gap of this case"


def test_the_bar_of_a_factor_about_others_is_as_long_as_its_word() -> None:
    """An exact length would give the number away that the sentence leaves out."""

    def bar(size: float) -> int:
        parts = told(Language("en"), planted((size, 1.0, 0.3))).parts[1].pieces
        return next(each.tenths for each in parts if isinstance(each, Reason) and "other people" in each.what)

    assert {bar(size) for size in (0.35, 0.5, 0.8, 0.99)} == {10}
    assert {bar(size) for size in (0.1, 0.2, 0.25)} == {5}

    def own(size: float) -> list[int]:
        parts = told(Language("en"), planted((size, 0.8, 0.2))).parts[1].pieces
        return [each.tenths for each in parts if isinstance(each, Reason) and "other people" not in each.what]

    assert own(0.1) == own(5.0) == [10, 2], "nor do the bars beside it tell"


def test_factors_are_about_others_wholly_or_partly() -> None:
    lines = [FeatureLine("a", "x", by_association=True), FeatureLine("b", "y"), FeatureLine("c", "z")]
    assert about_others(lines) == {"x": "all"}
    assert about_others([*lines, FeatureLine("d", "z", by_association=True)]) == {"x": "all", "z": "some"}
    assert about_others([]) == {}


def test_what_is_missing_names_gaps_and_the_age_of_the_newest_record() -> None:
    features = [*counts(3), spec("opened", "days_since_opened"), spec("month", "calendar_month"),
                spec("seen", "count", source="school", **EVENTS)]  # fmt: skip
    rows = reasons(0.5, 0.4, 0.3, 0.2, 0.1, 0.05)
    rows["factor"] = [feature.name for feature in features]
    rows["columns"] = [[feature.name] for feature in features]
    rows["values"] = [["1"], ["1"], ["0"], ["1"], ["3"], [None]]
    rows["evidence_count"] = [2, 2, 0, 1, 0, 0]
    rows["evidence_age_days"] = pd.array([40, 30, None, 1, None, None], dtype="Int64")
    rows["evidence_ids"] = [["a"], ["b"], [], ["case@2024-10-30"], [], []]
    text = text_of(a_case((0.5,), reasons=rows, features=features))
    missing = text.split("What is missing")[1].split("What the model cannot see")[0]
    assert "of 1 October 2024, 30 days before" in missing, "that the case was opened is no news of it"
    assert "No record stands behind: - factor 2 - seen No value" in missing, "the calendar has no records"
    assert "seen (how many, last 90 days): not collected for this case all of this time" in missing
    assert "month" not in missing
    assert "opened" not in missing
    full = reasons(0.5, 0.4)
    assert "Every factor has records behind it, and every value is known." in text_of(a_case((0.5, 0.4), reasons=full))


@pytest.mark.parametrize(
    ("feature", "value", "records", "en", "de"),
    [
        (spec("f", "count", **EVENTS), "4", 4, "4", "4"),
        (spec("f", "count", **EVENTS), "12345", 4, "12,345", "12.345"),
        (spec("f", "count", **EVENTS), "0", 4, "0", "0"),
        (spec("f", "count", **EVENTS), "0", 0, "0 (none recorded)", "0 (keine erfasst)"),
        (spec("f", "count", source="s", **EVENTS), "0", 0, "0 (collected all the time, none recorded)",
         "0 (durchgehend erhoben, keine erfasst)"),
        (spec("f", "count", source="s", **EVENTS), None, 0, "not collected for this case all of this time",
         "in diesem Fall nicht die ganze Zeit erhoben"),
        (spec("f", "mean", source="s", **EVENTS), None, 0,
         "nothing recorded, or not collected for this case all of this time",
         "nichts erfasst oder in diesem Fall nicht die ganze Zeit erhoben"),
        (spec("f", "any", **EVENTS), "1", 1, "yes", "ja"),
        (spec("f", "any", **EVENTS), "0", 1, "no", "nein"),
        (spec("f", "share", of="missed", **EVENTS), "0.3333", 3, "33%", "33\u00a0%"),
        (spec("f", "mean", **EVENTS), "61.25", 3, "61.2", "61,2"),
        (spec("f", "mean", **EVENTS), "1.257", 3, "1.26", "1,26"),
        (spec("f", "mean", **EVENTS), None, 0, "nothing recorded in this time", "in dieser Zeit nichts erfasst"),
        (spec("f", "std", **EVENTS), None, 1, "too few entries to say", "zu wenige Einträge dafür"),
        (spec("f", "days_in_episode", **EVENTS), None, 0, "none is open", "nichts davon läuft"),
        (spec("f", "days_since_last", **EVENTS), "1", 1, "1 day", "1 Tag"),
        (spec("f", "days_since_last", missing=730, **EVENTS), "730", 0,
         "nothing recorded (the model is given 730 days in its place)",
         "nichts erfasst (das Modell bekommt stattdessen 730 Tage)"),
        (spec("f", "change", compared_with="90d..180d", **EVENTS), "3", 3, "+3", "+3"),
        (spec("f", "change", compared_with="90d..180d", **EVENTS), "-3", 3, "−3", "−3"),
        (spec("f", "attribute_number", attribute="a"), None, 0, "not recorded", "nicht erfasst"),
        (spec("f", "age_years", attribute="born"), "34", 1, "34", "34"),
        (spec("f", "days_since_opened"), "178", 1, "178 days", "178 Tage"),
        (spec("f", "calendar_month"), "10", 0, "October", "Oktober"),
    ],
)  # fmt: skip
def test_values_have_their_unit_and_gaps_are_no_zeros(
    feature: Feature, value: str | None, records: int, en: str, de: str
) -> None:
    assert value_words(Language("en"), feature, value, records) == en
    assert value_words(Language("de"), feature, value, records) == de


def test_a_category_is_told_by_its_name() -> None:
    feature: Any = spec("f", "attribute_category", attribute="gender", categories=["F", "M"], missing="column")
    names = [column.name for column in columns([feature])]

    def said(*cells: str | None, known: Words | None = None) -> str:
        cell = dict(zip(names, cells, strict=True))
        return category_words(Language("en"), feature, cell, columns([feature]), known or fake.words())

    assert said("1", "0", "0") == "women"
    assert said("0", "1", "0", known=fake.words().model_copy(update={"attributes": {}})) == "M"
    assert said("0", "0", "1") == said(None, None, None) == "not recorded"
    assert said("0", "0", "0") == "none of those that the model knows"


def whole_case() -> Case:
    """A case of which everything is said, also for the tests of sentences and of looks."""
    case = planted((0.5, 0.4, 0.3, -0.25, -0.2, 0.1, 0.1, 0.1))
    row = band_of_score(pd.DataFrame([past(0.17, 0.14, 0.21)]), 0.123)
    excluded = [Excluded("t.column", "dropped"), Excluded(Text(en="Gender", de="Geschlecht"), "protected")]
    return replace(case, excluded=excluded, stale_since=date(2024, 11, 2), everyone=0.2, past=row)


@pytest.mark.parametrize("code", LANGUAGES)
def test_text_and_page_say_the_same(code: str) -> None:
    language, case = Language(code), whole_case()
    shown = told(language, case)
    said = [shown.programme, shown.heading, shown.made_of, shown.case_id, shown.headline, *shown.notices]
    for part in shown.parts:
        said.append(part.title)
        for piece in part.pieces:
            said += [piece.text] if isinstance(piece, Line) else []
            said += piece.items if isinstance(piece, Points) else []
            if isinstance(piece, Reason):
                said += [piece.what, piece.weight, *piece.more, *(record.text for record in piece.records)]
    plain = [" ".join(html.unescape(str(each)).split()) for each in said]
    text, page = text_of(case, code), page_text(case_page(language, case))
    assert len(plain) > 60
    assert [each for each in plain if each not in text and each != plain[1]] == []
    assert [each for each in plain if each not in page] == []
    assert "t.column" not in page, "the name of a column"
    assert not refused_wording(page, code)


def test_what_enters_a_page_is_escaped() -> None:
    bad = "<img src=x onerror=y>"
    case = a_case((0.5, -0.25))
    rows = case.reasons.assign(evidence_ids=[[bad], [f"attribute:{bad}@2024-01-01"]], factor=[bad, "factor_1"])
    dumped = fake.words().model_dump()
    dumped |= {"bands": {"unheard-of": {"en": bad, "de": bad}}, "questions": [{"en": bad, "de": bad}]}
    case = replace(
        case, reasons=rows, title=Text(en=bad, de=bad), headline=bad, programme=bad, release_id=bad,
        words=Words.model_validate(dumped), excluded=[Excluded(Text(en=bad, de=bad), "dropped")],
        score={**case.score, "case_id": bad},
    )  # fmt: skip
    page = case_page(Language("en"), case)
    assert "<img" not in page
    assert page.count("&lt;img src=x onerror=y&gt;") >= 9
    assert "&lt;" not in case_text(Language("en"), case)
    assert "<script" not in page
    assert "http:" not in page
    assert "https:" not in page


def test_the_programme_s_own_questions_replace_the_general_ones() -> None:
    general = str(catalogue("en")["case.question.1"])
    assert general in text_of(a_case((0.5,)))
    words = fake.words().model_copy(update={"questions": [Text(en="What else?", de="Was noch?")]})
    text = text_of(a_case((0.5,), words=words))
    assert "What else?" in text
    assert general not in text


def test_who_decides_and_how_to_disagree() -> None:
    text, charter = text_of(a_case((0.5,))), fake.charter()
    for said in (charter.owner, charter.decision_supported, *charter.prohibited_uses, charter.disagreement_contact):
        assert said["en"] in text
    codes = re.findall(r"\((\w+)\)", text.split("“I disagree”")[1])
    assert codes == ["not_current", "missing_information", "wrong_information", "other_knowledge", "other_reason"]


def test_a_release_of_older_code_is_explained_with_what_it_has() -> None:
    rows = reasons(0.5, -0.25).drop(columns=["feature", "columns", "values"]).assign(value=["3", None])
    text = text_of(a_case((0.5, -0.25), reasons=rows))
    assert "factor 0: 3. [++++++++++]" in text
    assert "factor 1: not recorded. [−−−−−·····]" in text
    assert "Every factor has records behind it." in text
    changed = reasons(0.5).assign(factor="gone")
    assert "gone: 0." in text_of(a_case((0.5,), reasons=changed, features=[])), "the pack has changed since"


def test_every_sentence_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()
    plain = Language.t

    def noting(self: Language, key: str, **values: Any) -> Any:
        asked.add(key)
        return plain(self, key, **values)

    monkeypatch.setattr(Language, "t", noting)
    test_a_case_without_reasons_says_so()
    test_a_reason_has_value_weight_date_age_and_records()
    test_all_columns_of_a_factor_are_told_the_one_that_weighs_most_first()
    test_what_is_missing_names_gaps_and_the_age_of_the_newest_record()
    test_a_score_is_shown_with_what_became_of_past_cases_in_its_band()
    test_a_category_is_told_by_its_name()
    test_of_other_people_only_that_something_is_recorded("en")
    test_a_release_of_older_code_is_explained_with_what_it_has()
    test_text_and_page_say_the_same("en")
    every = reasons(0.5)
    case_text(Language("en"), a_case((0.5, 0.3, 0.02, -0.5, -0.2, -0.02), past=None))
    rare = band_of_score(pd.DataFrame([past(0.001, 0, 0.002)]), 0.123)
    case_text(Language("en"), a_case((0.5,), past=rare, reasons=every.assign(evidence_count=0, evidence_age_days=None)))
    for kind, value, records in (("any", "1", 1), ("any", "0", 1), ("std", None, 0), ("mean", None, 0)):
        value_words(Language("en"), spec("f", kind, **EVENTS), value, records)
    value_words(Language("en"), spec("f", "days_in_episode", **EVENTS), None, 0)
    value_words(Language("en"), spec("f", "mean", source="s", **EVENTS), None, 0)
    value_words(Language("en"), spec("f", "count", source="s", **EVENTS), "0", 0)
    value_words(Language("en"), spec("f", "days_since_last", missing=9, **EVENTS), "9", 0)
    for reason in REASONS:
        low = a_case((0.5,), informative=False)
        case_text(Language("en"), replace(low, score={**low.score, "reason": reason}))
    assert {key for key in catalogue("en") if key.startswith("case.")} - asked == set()
