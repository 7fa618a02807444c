"""Which verdict follows from which figures, and what its reasons say."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data_contracts.errors import PlumblineError
from fairness_reports.audit import audit
from fairness_reports.audit.reasons import WITHHELD
from fairness_reports.charter import Acceptance, Charter, FairnessThreshold, PerformanceThreshold
from fairness_reports.disclosure.profile import profile_of
from fairness_reports.disclosure.verdicts import retold
from fairness_reports.spec import ProtectedSpec
from fairness_reports.verdict import CODES, VERDICTS, Statement, Verdict, judge
from fairness_reports.verdict_text import Sentences, Unseen
from features.words import Text, Words
from tests.fairness_reports_audit_data import WORDS, scored, threshold

OWNER = Text(en="Head of service & practice", de="Leitung des Dienstes")


def charter(**changes: Any) -> Charter:
    text = {"en": "said", "de": "gesagt"}
    names = ("problem", "decision_supported", "legal_basis", "people_informed", "disagreement_contact", "retention")
    data: dict[str, Any] = {
        **dict.fromkeys((*names, "stop_rule"), text),
        **{name: [text] for name in ("alternatives", "prohibited_uses", "consulted")},
        "impact_assessment": {"reference": text, "date": date(2026, 1, 1)},
        "owner": OWNER.model_dump(),
        "sign_off": {"by": text, "date": date(2026, 2, 1)},
        "review_date": date(2027, 2, 1),
        "retraining": {"every_months": 12, "reason": text},
        "capacity": {"share": 0.1, "reason": text},
        "performance": [{"metric": "auc", "at_least": 0.65, "reason": text}],
        "fairness": [],
    }
    return Charter.model_validate(data | changes)


def metrics(**rows: tuple[float, float, float]) -> pd.DataFrame:
    table = [("test", "hgb", metric, *figures) for metric, figures in rows.items()]
    return pd.DataFrame(table, columns=["split", "model", "metric", "value", "low", "high"])


GOOD = {"auc": (0.7, 0.68, 0.72)}


def fairness(*rows: dict[str, Any]) -> pd.DataFrame:
    base = {
        "split": "test", "attribute": "region", "group": "north", "metric": "tpr", "comparison": "difference",
        "reference": "overall", "value": 0.01, "low": -0.05, "high": 0.05, "state": "within", "confirmatory": True,
        "reason": None,
    }  # fmt: skip
    return pd.DataFrame([base | row for row in rows])


OUT = {"value": 0.3, "low": 0.2, "high": 0.4, "state": "outside"}
UNSURE = {"value": 0.05, "low": -0.05, "high": 0.15, "state": "cannot_tell"}
NONE = {"value": np.nan, "low": np.nan, "high": np.nan, "state": "cannot_tell", "reason": "fewer than 10"}


def verdict(
    rows: pd.DataFrame, figures: dict[str, Any] | None = None, words: Words | None = None, **changes: Any
) -> Verdict:
    agreed = charter(**({"fairness": [threshold()]} | changes))
    return judge(agreed, metrics(**(figures or GOOD)), rows, outcomes=500, non_outcomes=900, words=words)


def test_fit_when_everything_holds() -> None:
    result = verdict(fairness({}, {"group": "south"}))
    assert (result.verdict, result.reasons, result.publishes_scores) == ("fit", [], True)
    assert [reason.code for reason in result.met] == ["threshold_met", "gap_within", "gap_within"]


@pytest.mark.parametrize(
    ("agreed", "figures", "holds"),
    [
        ({"at_least": 0.65}, (0.7, 0.65, 0.72), True),
        ({"at_least": 0.65}, (0.7, 0.6499, 0.72), False),  # the point alone is not enough
        ({"at_least": 0.65, "bound": "estimate"}, (0.66, 0.5, 0.72), True),
        ({"at_least": 0.65, "bound": "upper"}, (0.6, 0.5, 0.66), True),
        ({"at_most": 0.2}, (0.18, 0.15, 0.2), True),
        ({"at_most": 0.2}, (0.18, 0.15, 0.21), False),
        ({"at_most": 0.2, "bound": "estimate"}, (0.18, 0.15, 0.21), True),
    ],
)
def test_the_required_bound_decides(agreed: dict[str, Any], figures: tuple[float, float, float], holds: bool) -> None:
    each = PerformanceThreshold(metric="brier", reason=WORDS, **agreed)
    result = verdict(fairness({}), {"brier": figures}, performance=[each])
    assert result.verdict == ("fit" if holds else "not_fit")
    reason = (result.met if holds else result.reasons)[0]
    assert (reason.code, reason.metric) == ("threshold_met" if holds else "threshold_failed", "brier")
    assert (reason.threshold, reason.value, reason.low, reason.high) == (each.limit, *figures)


@pytest.mark.parametrize(
    "figures", [{"brier": (0.1, 0.1, 0.1)}, {"auc": (np.nan, np.nan, np.nan)}, {"auc": (0.7, np.nan, 0.8)}]
)
def test_a_threshold_that_could_not_be_measured_does_not_hold(figures: dict[str, Any]) -> None:
    result = verdict(fairness({}), figures)
    assert (result.verdict, [each.code for each in result.reasons]) == ("not_fit", ["threshold_not_measured"])


def test_a_gap_outside_is_not_fit_and_wins_over_what_cannot_be_told() -> None:
    result = verdict(fairness(UNSURE, OUT | {"group": "south"}))
    assert result.verdict == "not_fit"
    assert [each.code for each in result.reasons] == ["gap_outside", "gap_cannot_tell"]
    south = result.reasons[0]
    assert (south.group, south.threshold, south.value, south.low, south.high) == ("south", 0.1, 0.3, 0.2, 0.4)


@pytest.mark.parametrize("row", [UNSURE, NONE])
def test_a_gap_that_cannot_be_told_is_not_auditable(row: dict[str, Any]) -> None:
    assert verdict(fairness(row)).verdict == "not_auditable"


def accepted(**changes: Any) -> Acceptance:
    data = {"attribute": "region", "group": "north", "metric": "tpr", "reason": WORDS, "signatory": OWNER}
    return Acceptance(**(data | changes))


@pytest.mark.parametrize("row", [UNSURE, NONE])
def test_unless_it_was_accepted_beforehand_for_this_group(row: dict[str, Any]) -> None:
    result = verdict(fairness(row), accepted=[accepted()])
    assert result.verdict == "fit"
    assert [each.code for each in result.met] == ["threshold_met", "gap_accepted"]
    assert "Head of service & practice" in result.met[1].text.en


@pytest.mark.parametrize("other", [{"group": "south"}, {"metric": "fpr"}, {"attribute": "sex"}])
def test_an_acceptance_is_for_one_group_metric_and_attribute(other: dict[str, Any]) -> None:
    assert verdict(fairness(UNSURE), accepted=[accepted(**other)]).verdict == "not_auditable"


def test_what_is_outside_cannot_be_accepted() -> None:
    assert verdict(fairness(OUT), accepted=[accepted()]).verdict == "not_fit"


def test_a_charter_without_a_fairness_threshold_is_never_fit() -> None:
    result = verdict(fairness({"confirmatory": False, "state": "not_judged"}), fairness=[])
    assert (result.verdict, [each.code for each in result.reasons]) == ("not_auditable", ["no_fairness_threshold"])


def test_a_comparison_that_the_audit_lacks_is_not_auditable() -> None:
    result = verdict(fairness({"metric": "fpr"}))
    assert (result.verdict, [each.code for each in result.reasons]) == ("not_auditable", ["gap_not_measured"])
    # rows that are not confirmatory, or against another reference, do not count
    assert verdict(fairness({"confirmatory": False})).verdict == "not_auditable"
    assert verdict(fairness({"reference": "south"})).verdict == "not_auditable"


@pytest.mark.parametrize(
    ("outcomes", "others", "expected"), [(99, 900, True), (100, 900, False), (900, 99, True), (5, 5, True)]
)
def test_fewer_than_100_of_one_kind_is_descriptive_only(outcomes: int, others: int, expected: bool) -> None:
    agreed = charter(fairness=[threshold()])
    result = judge(agreed, metrics(**GOOD), fairness(OUT), outcomes=outcomes, non_outcomes=others)
    assert (result.verdict == "descriptive_only") is expected
    assert not result.publishes_scores


def test_descriptive_only_needs_no_model_and_hides_small_counts() -> None:
    result = judge(charter(), None, None, outcomes=4, non_outcomes=50)
    assert [each.code for each in result.reasons] == ["too_few_outcomes", "too_few_non_outcomes"]
    assert "fewer than 10" in result.reasons[0].text.en
    assert "weniger als 10" in result.reasons[0].text.de
    assert (result.reasons[0].value, result.reasons[1].value) == (None, 50)
    with pytest.raises(PlumblineError, match="no metrics"):
        judge(charter(), None, None, outcomes=400, non_outcomes=500)


@pytest.mark.parametrize(("outcomes", "others", "code"), [(0, 900, "outcome_never"), (900, 0, "outcome_always")])
def test_an_outcome_that_never_or_always_occurs(outcomes: int, others: int, code: str) -> None:
    result = judge(charter(), None, None, outcomes=outcomes, non_outcomes=others)
    assert (result.verdict, [each.code for each in result.reasons]) == ("descriptive_only", [code])


def test_a_past_too_short_for_a_test_is_not_a_missing_outcome() -> None:
    result = judge(charter(), None, None, outcomes=None, non_outcomes=None)
    assert (result.verdict, [each.code for each in result.reasons]) == ("descriptive_only", ["no_past"])
    assert "past is too short" in result.reasons[0].text.en
    assert "zu kurz" in result.reasons[0].text.de


def test_a_charter_with_placeholders_judges_nothing() -> None:
    with pytest.raises(PlumblineError, match="placeholders"):
        judge(charter(problem="TODO"), metrics(**GOOD), fairness({}), outcomes=500, non_outcomes=500)


def test_model_and_split_choose_the_rows() -> None:
    table = pd.concat([metrics(**GOOD), metrics(auc=(0.5, 0.4, 0.6)).assign(model="base rate")])
    rows = pd.concat([fairness({}), fairness(OUT | {"split": "older"})])
    agreed = charter(fairness=[threshold()])
    chosen = judge(agreed, table, rows, outcomes=500, non_outcomes=500, model="hgb", split="test")
    assert chosen.verdict == "fit"
    with pytest.raises(PlumblineError, match="name the model and the split"):
        judge(agreed, table, rows, outcomes=500, non_outcomes=500)


def test_reasons_name_threshold_value_and_interval_in_both_languages() -> None:
    result = verdict(fairness(OUT), {"auc": (0.7, 0.6496, 0.72)})
    performance, gap = result.reasons
    for text, figures in (
        (performance.text.en, ("0.6500", "0.7000", "0.6496", "0.7200", "lower end", "not met")),
        (performance.text.de, ("0,6500", "0,7000", "0,6496", "0,7200", "untere Ende", "nicht erfüllt")),
        (gap.text.en, ("10.0", "+30.0", "+20.0", "+40.0", "north", "exceeded")),
        (gap.text.de, ("10,0", "+30,0", "+20,0", "+40,0", "north", "überschritten")),
    ):
        assert [figure for figure in figures if figure not in text] == []


def test_a_difference_that_is_there_is_said_to_be_there() -> None:
    there = verdict(fairness({"value": 0.1, "low": 0.02, "high": 0.18, "state": "cannot_tell"})).reasons[0]
    assert there.code == "gap_cannot_tell"
    assert "a difference is there" in there.text.en
    assert "Ein Abstand besteht" in there.text.de
    assert "a difference is there" not in verdict(fairness(UNSURE)).reasons[0].text.en


def test_a_bounded_gap_says_where_it_can_lie_and_is_there_only_when_the_bounds_say_so() -> None:
    recorded = {"value": 0.1, "low": 0.05, "high": 0.18, "state": "cannot_tell", "identification": "bounded"}
    row = fairness(recorded | {"bound_low": -0.04, "bound_high": 0.31})
    reason = verdict(row).reasons[0]
    assert (reason.bound_low, reason.bound_high) == (-0.04, 0.31)
    assert reason.as_dict()["bound_high"] == 0.31
    assert "can lie anywhere between -4.0 and +31.0" in reason.text.en.replace("\u2212", "-")
    assert "überall zwischen" in reason.text.de
    assert "a difference is there" not in reason.text.en
    sure = verdict(fairness(recorded | {"bound_low": 0.01, "bound_high": 0.31})).reasons[0]
    assert "a difference is there" in sure.text.en
    silent = verdict(fairness(recorded | {"identification": "not_identifiable"})).reasons[0]
    assert "says nothing about outcomes that were not recorded" in silent.text.en
    assert "a difference is there" not in silent.text.en


def test_an_undecided_gap_says_how_many_cases_would_decide_it() -> None:
    row = fairness({"value": 0.02, "low": -0.1, "high": 0.14, "state": "cannot_tell", "n": 640, "needed_n": 1234})
    said = verdict(row).reasons[0].text
    assert said.en.endswith("about 1,200 cases would decide it; there are 640.")
    assert said.de.endswith("etwa 1.200 Fälle, um es zu sagen; es sind 640.")


def test_reasons_use_the_words_of_practice() -> None:
    label = {"en": "Region", "de": "Gebiet"}
    words = Words.model_validate(
        {
            "case": {"one": label, "many": label},
            "outcome": label,
            "factors": {},
            "attributes": {"region": {"label": label, "values": {"north": {"en": "the north", "de": "der Norden"}}}},
        }
    )
    said = verdict(fairness(UNSURE), words=words).reasons[0].text
    assert "Region “the north”" in said.en
    assert "Gebiet „der Norden“" in said.de
    unrecorded = verdict(fairness(NONE | {"group": "not recorded"}), words=words).reasons[0].text
    assert "„nicht erfasst“" in unrecorded.de
    assert "weniger als 10" in unrecorded.de


def test_reasons_go_into_the_manifest_as_json() -> None:
    result = verdict(fairness(NONE), {"auc": (0.6, 0.5, 0.7)})
    written = json.loads(json.dumps([each.as_dict() for each in result.reasons], allow_nan=False))
    assert written[0]["code"] == "threshold_failed"
    assert written[0]["text"].keys() == {"en", "de"}
    assert written[1] | {"text": None} == {
        "code": "gap_cannot_tell", "text": None, "threshold": 0.1, "value": None, "low": None, "high": None,
        "metric": "tpr", "attribute": "region", "group": "north", "reference": "overall",
    }  # fmt: skip


@pytest.mark.parametrize("kind", VERDICTS)
def test_headlines_are_never_a_bare_fit(kind: str) -> None:
    english = Verdict(kind).headline("en", OWNER, date(2026, 2, 1))
    german = Verdict(kind).headline("de", OWNER, date(2026, 2, 1))
    assert english.lower() != "fit"
    if kind == "fit":
        assert english.startswith("Met the thresholds agreed by Head of service & practice on 1 February 2026; ")
        assert english.endswith("this is not permission to use it")
        assert "das ist keine Freigabe" in german
        assert "Leitung des Dienstes" in german
        assert "1. Februar 2026" in german
    assert (
        Verdict("fit")
        .headline("en", "The board", date(2026, 2, 1))
        .startswith("Met the thresholds agreed by The board")
    )


def test_every_code_speaks_for_a_verdict() -> None:
    assert set(CODES.values()) == set(VERDICTS)


CEILING = {"at_most": 0.5, "reason": {"en": "Half at least must tell something.", "de": "Die Hälfte muss etwas sagen."}}


def with_ceiling(counted: tuple[int, int] | None) -> Verdict:
    agreed = charter(fairness=[threshold()], uninformative=CEILING)
    return judge(agreed, metrics(**GOOD), fairness({}), outcomes=500, non_outcomes=900, uninformative=counted)


@pytest.mark.parametrize(
    ("counted", "holds", "told"),
    [
        ((500, 1000), True, "50.0"),
        ((501, 1000), False, "50.1"),
        ((5001, 10_000), False, "50.01"),  # never a figure that looks like the limit that it misses
        ((1000, 1000), False, "100.0"),
        ((0, 1000), True, "0.0"),
        ((995, 1000), False, "too few"),
        ((3, 1000), True, "too few"),
        (None, False, "could not be measured"),
        ((0, 0), False, "could not be measured"),
    ],
)
def test_too_many_scores_that_say_nothing_are_not_fit(counted: tuple[int, int] | None, holds: bool, told: str) -> None:
    result = with_ceiling(counted)
    assert result.verdict == ("fit" if holds else "not_fit")
    reason = (result.met if holds else result.reasons)[-1]
    assert reason.code == ("enough_informative" if holds else "too_many_uninformative")
    assert reason.threshold == 0.5
    assert told in reason.text.en
    assert "höchstens 50" in reason.text.de


def test_a_charter_without_a_ceiling_judges_none() -> None:
    agreed = charter(fairness=[threshold()])
    result = judge(agreed, metrics(**GOOD), fairness({}), outcomes=500, non_outcomes=900, uninformative=(1000, 1000))
    assert [each.code for each in result.met] == ["threshold_met", "gap_within"]


def statement(*, holds: bool) -> Statement:
    because = Text(en="What was must not weigh as much as what is.", de="Was war, darf nicht so schwer wiegen.")
    return Statement("recent", "old", because, holds)


def test_a_wrong_order_of_vignettes_is_not_fit_in_the_words_of_the_statement() -> None:
    agreed = charter(fairness=[threshold()])

    def said(*statements: Statement) -> Verdict:
        table = fairness({})
        return judge(agreed, metrics(**GOOD), table, outcomes=500, non_outcomes=900, statements=statements)

    assert said().verdict == "fit"
    assert "vignettes_in_order" not in {each.code for each in said().met}
    held = said(statement(holds=True), statement(holds=True))
    assert held.verdict == "fit"
    assert held.met[-1].code == "vignettes_in_order"
    assert "2 statements" in held.met[-1].text.en
    wrong = said(statement(holds=True), statement(holds=False))
    assert (wrong.verdict, [each.code for each in wrong.reasons]) == ("not_fit", ["vignette_order"])
    assert "“What was must not weigh as much as what is” does not hold." in wrong.reasons[0].text.en
    assert "„Was war, darf nicht so schwer wiegen“ gilt nicht." in wrong.reasons[0].text.de


SPEC = ProtectedSpec(attributes=["sex", "region"], intersections="none")


@pytest.mark.slow
@pytest.mark.measured
def test_audit_and_verdict_together() -> None:
    frame = scored(20_000, groups=2)
    judged: list[FairnessThreshold] = [threshold("tpr", "region", 0.1), threshold("fpr", "sex", 0.1)]
    agreed = charter(fairness=judged)

    def said(table: pd.DataFrame) -> Verdict:
        rows = audit(table, None, SPEC, confirmatory=judged, replicates=100)
        return judge(agreed, metrics(**GOOD), rows, outcomes=3000, non_outcomes=9000, split="test")

    assert said(frame).verdict == "fit"
    biased = frame.copy()
    biased.loc[biased["region"] == "region 0", "selected"] = False
    assert said(biased).verdict == "not_fit"
    assert {each.code for each in said(biased).reasons} == {"gap_outside"}
    assert said(frame.drop(columns="sex")).verdict == "not_auditable"
    never = said(frame.assign(sex=None))
    assert never.verdict == "not_auditable"
    assert "attribute_missing" in {each.code for each in never.reasons}
    lone = frame.copy()
    lone.loc[0, "region"] = "one alone"
    assert said(lone).verdict == "not_auditable"


def told_again(rows: pd.DataFrame, kept: pd.DataFrame, figures: pd.DataFrame | None = None) -> list[dict[str, Any]]:
    """The reasons of a verdict, met ones too, retold from rows that disclosure control left."""
    agreed = charter(fairness=[threshold()])
    made = judge(agreed, metrics(**GOOD), rows, outcomes=500, non_outcomes=900)
    reasons = [each.as_dict() for each in (*made.reasons, *made.met)]
    rules = profile_of("default", 10)
    safe = metrics(**GOOD) if figures is None else figures
    return retold(reasons, agreed, safe, kept, profile=rules, model="hgb", split="test")


def protected(rows: pd.DataFrame, **figures: Any) -> pd.DataFrame:
    nothing = dict.fromkeys(("identification", "bound_low", "bound_high", "needed_n", "n"))
    return rows.assign(**{name: value for name, value in nothing.items() if name not in rows} | figures)


LOST = {"value": np.nan, "low": np.nan, "high": np.nan, "reason": WITHHELD}


@pytest.mark.parametrize(
    ("row", "english", "german"),
    [
        ({}, "in either direction: within.", "in jede Richtung: eingehalten."),
        (OUT, "in either direction: exceeded.", "in jede Richtung: überschritten."),
        (UNSURE, "in either direction: cannot be told.", "in jede Richtung: lässt sich nicht sagen."),
    ],
)
@pytest.mark.parametrize("gone", [False, True])
def test_a_judged_gap_that_is_withheld_is_not_called_no_comparison(
    row: dict[str, Any], english: str, german: str, *, gone: bool
) -> None:
    kept = protected(fairness(row), **LOST)
    found = [each for each in told_again(fairness(row), kept.iloc[:0] if gone else kept) if "gap" in each["code"]]
    (said,) = (each["text"] for each in found)
    assert ": the figure is not shown (too few cases, or it would give such a group away). Tolerated are" in said["en"]
    assert said["en"].endswith(english)
    assert ": die Zahl wird nicht gezeigt (zu wenige Fälle, oder sie würde eine solche Gruppe" in said["de"]
    assert said["de"].endswith(german)
    for word in ("no comparison", "kein Vergleich", "30.0", "30,0"):
        assert word not in said["en"] + said["de"]
    assert found[0]["value"] is None


def test_a_gap_that_was_never_measured_is_still_no_comparison() -> None:
    said = verdict(fairness(NONE)).reasons[0].text
    assert "no comparison (fewer than 10)" in said.en
    assert "kein Vergleich (weniger als 10)" in said.de
    said = Sentences().gap("gap_within", threshold(), "north", (None, None, None), "fewer than 10", None, Unseen())
    assert ": the figure is not shown (fewer than 10). Tolerated are" in said.en
    assert ": die Zahl wird nicht gezeigt (weniger als 10). Vereinbart sind" in said.de


def test_a_threshold_that_is_met_by_a_withheld_figure_says_that_it_is_not_shown() -> None:
    hidden = metrics(auc=(np.nan, np.nan, np.nan))
    (said,) = (
        each["text"] for each in told_again(fairness({}), protected(fairness({})), hidden) if "gap" not in each["code"]
    )
    assert ": the figure is not shown (too few cases" in said["en"]
    assert said["en"].endswith(": met.")
    assert ": die Zahl wird nicht gezeigt (zu wenige Fälle" in said["de"]
    assert said["de"].endswith(": erfüllt.")
