"""The page on how the model was tested says what was measured, hides small numbers, and names what is absent."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from fairness_reports.language import LANGUAGES, catalogue, refused_wording
from fairness_reports.reports import ReportContext, page_html, spans
from fairness_reports.reports.tested_deployed import put_together
from models.ablation import DIFFERENCE, is_ablation
from models.informative import REASONS
from tests import fairness_reports_fake as fake
from tests import fairness_reports_fake_tested as tested

pytestmark = [pytest.mark.slow, pytest.mark.measured]


def text(context: ReportContext, code: str = "en") -> str:
    gone = r"<style.*?</style>|<nav.*?</nav>"  # the contents name every title once more
    page = re.sub(gone, "", page_html(code, context, "models"), flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def less(context: ReportContext, gone: Callable[[pd.DataFrame], pd.Series]) -> ReportContext:
    """The context without the rows of metrics that are marked."""
    return replace(context, metrics=context.metrics[~gone(context.metrics)])


def section(page: str, title: str, until: str) -> str:
    start = page.index(title)
    return page[start : page.index(until, start)]


def test_candidates_stand_with_every_split_and_the_pooled_one_the_simplest_first() -> None:
    page = text(fake.context())
    part = section(page, "What was compared", "Would another rule")
    head = "Trial The same share for everybody One factor alone Points list Logistic regression Gradient-boosted trees"
    assert head in part
    assert "2012J 0.49 0.47 to 0.51 0.59" in part
    assert "All earlier days together 0.50 0.49 to 0.51 0.60" in part
    assert "Mean that decided 0.500 0.603 0.672 0.683 0.699" in part
    assert "Near enough to the best no no no no yes" in part
    assert "It is the best, and no simpler candidate comes within 0.010 of it" in part
    assert "without" not in part, "what is there for comparison only is no candidate"


def test_why_a_simpler_one_was_chosen() -> None:
    context = fake.context()
    table = context.selection.assign(auc=[0.5, 0.603, 0.672, 0.691, 0.699], behind_best=[0.199, 0.096, 0.027, 0.008, 0])
    table["within_margin"] = table["behind_best"] <= 0.01
    manifest = {**context.manifest, "audited_model": {"name": "logistic"}}
    page = text(replace(context, selection=table, manifest=manifest))
    assert "Chosen: Logistic regression, with a mean AUC of 0.691. It is the simplest candidate within 0.010" in page
    assert "The best was: Gradient-boosted trees (0.699)." in page


def test_one_that_may_not_be_deployed_is_not_called_the_best() -> None:
    context = fake.context()
    forest = pd.DataFrame([("forest", 0.75, 0.699 - 0.75, False, 2)], columns=context.selection.columns)
    page = text(replace(context, selection=pd.concat([context.selection, forest], ignore_index=True)))
    assert "with a mean AUC of 0.699. It is the best," in page


@pytest.mark.parametrize("basis", ["development splits", "development splits and folds", "folds"])
def test_what_the_choice_rests_on_is_said(basis: str) -> None:
    for code in LANGUAGES:
        said = str(catalogue(code)["tested.basis_" + basis.replace(" ", "_")])
        assert said in text(replace(fake.context(), basis=basis), code)


def test_development_and_sealed_test_are_told_apart() -> None:
    page = page_html("en", fake.context(), "models")
    parts = re.findall(r'<section[^>]* class="part (\w+)">\s*<p class="overline">([^<]*)</p>\s*<h2>([^<]*)</h2>', page)
    by = {title: (part, words) for part, words, title in parts}
    assert by["What each factor adds"] == ("development", "Earlier days: here the model was chosen")
    assert by["Would more data help?"][0] == by["Would another rule have chosen better?"][0] == "development"
    assert by["The sealed test"] == ("test", "Sealed test: opened after the choice")
    assert by["Made-up rules compared"][0] == by["Lists of the highest scores"][0] == "test"
    assert by["Fictional cases"][0] == "deployed"
    # no figure of the test stands among those of development: every one of its rows has a value of its own
    context = fake.context()
    metrics = context.metrics.copy()
    metrics.loc[metrics["split"] == "2014B", ["value", "low", "high"]] = 0.8765
    seen = text(replace(context, metrics=metrics))
    assert "0.88" in section(seen, "The sealed test", "Do scores keep")
    assert "0.88" not in section(seen, "What was compared", "The sealed test")


def test_factors_that_cost_most_come_first_and_the_one_that_cannot_be_told_last() -> None:
    part = section(text(fake.context()), "What each factor adds The chosen model", "The sealed test")
    table = part[part.index("Change without it") :]
    order = [table.index(word) for word in ("Days since the last visit", "Assignments handed in", "Quizzes tried")]
    assert order == sorted(order)
    assert "course site −2.6 −4.1 to −1.1" in table
    assert "Quizzes tried too few to say" in table


def test_the_learning_curve_ends_with_all_data() -> None:
    part = section(text(fake.context()), "Would more data help?", "What each factor adds")
    table = part[part.index("Share of the data") :]
    assert "25% 1,025 0.65 0.64 to 0.67 50% 2,050" in table
    assert "100% 4,116 0.70" in table


def test_the_decision_curve_beside_everybody_and_nobody() -> None:
    context = fake.context()
    part = section(text(context), "Made-up rules compared Three", "Parts by themselves")
    assert "above that of both other rules at these thresholds: 5%, 10%, 15%, 20% and 30%." in part
    assert "5% 0.160 0.152 to 0.168 0.149 0.000" in part
    metrics = context.metrics.copy()
    ours = metrics["metric"].str.startswith("net_benefit[")
    metrics.loc[metrics["metric"] == "net_benefit[0.05]", "low"] = 0.1485  # all selected: 0.149, inside the range
    assert "at these thresholds: 10%, 15%, 20% and 30%." in text(replace(context, metrics=metrics))
    metrics.loc[ours, "low"] = -0.02
    assert str(catalogue("en")["tested.decision_nowhere"]) in text(replace(context, metrics=metrics))
    page = page_html("en", context, "models")
    svg = next(each for each in re.findall(r"<svg.*?</svg>", page, re.DOTALL) if "decision-title" in each)
    assert "stroke-dasharray" in svg, "lines are told apart without colour"
    assert len(set(re.findall(r'<use href="#decision-(m\w+)"', svg))) >= 2, "and so are their marks"


def test_lists_with_what_ties_leave_open() -> None:
    context = fake.context()
    part = section(text(context), "Lists of the highest scores If", "Made-up rules")
    assert "With the outcome, among the 50 highest scores 61.0% 58.0 to 64.0 60.0% 63.0% 61.4%" in part
    assert "Outcome not known, among the 50 highest scores 0" in part
    assert "Outcome not known, among the highest 5% of the scores not shown" in part
    no_ties = str(catalogue("en")["tested.lists_no_ties"])
    assert no_ties not in part
    metrics = context.metrics.copy()
    tied = metrics["metric"].str.contains("worst|best|expected")
    metrics.loc[tied, "value"] = 0.5
    page = text(replace(context, metrics=metrics[~metrics["metric"].str.contains("_at_k")]))
    assert no_ties in page
    assert str(catalogue("en")["tested.lists_capacity_only"]) in page


def test_the_points_list_can_be_added_up() -> None:
    context = fake.context()
    part = section(text(context), "The list to add up", "Fictional cases")
    assert "days_since_last_visit_28d 12 or more +3" in part
    assert "course_28d “BBB” +2" in part
    assert "quiz_28d not recorded +1" in part
    assert "mean_mark_28d below 54.5 −2" in part
    assert "6 32.0% 29.0 to 36.0" in part
    assert "The list to add up" not in text(replace(context, points=[]))


def test_of_fictional_cases_it_stands_whether_the_order_held_and_where_they_are() -> None:
    part = section(text(fake.context()), "Fictional cases Practitioners", "Scores that say little")
    assert "Expectations that hold: 1 of 2. If one expectation does not hold, no scores are published." in part
    assert "41.0%" not in part, "their table stands on the page of explanations"
    assert "fading_away" not in text(fake.context()), "one name for a case on all pages"
    assert 'href="explanations.html#fictional"' in page_html("en", fake.context(), "models")
    assert page_html("en", fake.context(), "explanations").count('id="fictional"') == 1


@pytest.mark.parametrize(
    ("counts", "lines"),
    [
        ((700, 3, 120, 400), [700, 400, 123]),  # 3 alone could be told from the sum
        ((700, 0, 0, 0), [700]),  # all of one kind and nothing of the others: one line
        ((12, 4, 3, 0), [19]),
        ((100, 50, 6, 6), [100, 50, 12]),
        ((30, 20, 10, 10), [30, 20, 10, 10]),
    ],
)
def test_small_numbers_of_reasons_are_put_together(counts: tuple[int, ...], lines: list[int]) -> None:
    found = put_together(dict(zip(REASONS, counts, strict=True)), 10)
    assert [size for _, size in found] == lines
    assert all(size >= 10 for _, size in found)
    assert sorted(reason for names, _ in found for reason in names) == sorted(REASONS)


def test_how_many_scores_say_little() -> None:
    context = fake.context()
    part = section(text(context), "Scores that say little Where", "Would another model")
    assert "13.3% of the scores" in part
    assert "together: unlike the cases learned from (most of them); what is recorded is too old 123" in part
    few = {**context.manifest, "uninformative": {"share": None, "n": 9204}}
    page = text(replace(context, manifest=few, uninformative={"old_evidence": 3}))
    assert "rests on fewer than 10 cases and is not shown" in page
    assert "what is recorded is too old 3" not in page


def test_where_most_scores_say_little_for_one_reason_it_is_named() -> None:
    counts = {"interval_spans_base_rate": 245, "thin_evidence": 4, "old_evidence": 2}
    page = text(fake.context(uninformative=counts))
    line = "together: the uncertainty holds the average (most of them); too little is recorded; "
    line += "what is recorded is too old"
    assert line in page
    assert " 245 " not in page
    even = text(fake.context(uninformative={"interval_spans_base_rate": 10, "thin_evidence": 9, "old_evidence": 9}))
    assert "most of them" not in even


def test_factors_that_the_model_does_not_use_are_in_the_table_alone() -> None:
    context = fake.context()
    metrics = context.metrics.copy()
    unused = metrics["model"].str.endswith("without credits")
    metrics.loc[unused, ["value", "low", "high"]] = 0.0
    page = page_html("en", replace(context, metrics=metrics), "models")
    svg = next(each for each in re.findall(r"<svg.*?</svg>", page, re.DOTALL) if "without-title" in each)
    assert "Credits" not in svg
    assert "Credits studied at the same time 0.0" in text(replace(context, metrics=metrics))


def test_parts_and_windows() -> None:
    page = text(fake.context())
    assert "north 3,100 40.0% 36.0 to 44.0" in page
    assert "island 41 too few to say" in page
    assert "within 30 days 6,505 0.45" in page


def kind(word: str) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda rows: rows["metric"].str.contains(word)


ABSENT: dict[str, Callable[[ReportContext], Any]] = {
    "selection": lambda c: replace(c, selection=c.selection.head(0)),
    "rules": lambda c: replace(c, rules=c.rules.head(0)),
    "learning": lambda c: less(c, kind("learning")),
    "learning_no_split": lambda c: less(c, lambda rows: rows["split"] != "2014B"),
    "factors": lambda c: less(c, lambda rows: rows["metric"] == f"auc{DIFFERENCE}"),
    "factors_no_split": lambda c: less(c, lambda rows: rows["split"] != "2014B"),
    "calibration": lambda c: less(c, kind("^calibration")),
    "lists": lambda c: less(c, kind("_at_")),
    "decision": lambda c: less(c, kind("^net_benefit")),
    "subsets": lambda c: less(c, kind("subset")),
    "horizons": lambda c: less(c, kind("within")),
    "vignettes": lambda c: replace(c, manifest={**c.manifest, "vignettes": []}),
    "uninformative": lambda c: replace(c, manifest={**c.manifest, "uninformative": None}),
    "stability": lambda c: less(c, kind("^factor_")),
}


def test_each_reason_for_an_absent_figure_has_a_test() -> None:
    named = {key.removeprefix("tested.absent_") for key in catalogue("en") if key.startswith("tested.absent_")}
    assert named - {"title", "intro"} == set(ABSENT)
    assert "What is not shown, and why" not in text(fake.context()), "where nothing is absent, nothing is said"


@pytest.mark.parametrize("name", list(ABSENT))
def test_what_is_absent_is_named_with_its_reason(name: str) -> None:
    context = ABSENT[name](fake.context())
    for code in LANGUAGES:
        page = text(context, code)
        assert (
            str(catalogue(code)[f"tested.absent_{name}"]) in page.split(str(catalogue(code)["tested.absent_title"]))[1]
        )
        assert not refused_wording(page, code)


def test_a_context_with_figures_only_still_makes_a_page() -> None:
    """A release whose training was kept by older code."""
    without = fake.context("descriptive_only")
    names = ("selection", "rules", "splits", "calendar", "basis", "points", "points_scores", "uninformative")
    bare = {name: getattr(without, name) for name in names}
    context = fake.context()
    manifest = {key: context.manifest[key] for key in ("programme", "release_id", "as_of", "verdict", "audited_model")}
    page = text(replace(context, manifest=manifest, **bare))
    assert "the training that this release rests on kept no record of it" in page
    assert "The sealed test" in page


def test_without_a_model_there_is_nothing_to_test() -> None:
    assert "No model was made, so there was none to test." in text(fake.context("descriptive_only"))


def test_comparisons_are_listed_as_candidates_nowhere() -> None:
    context = fake.context()
    names = {str(name) for name in context.metrics["model"]}
    extra = [name for name in names if is_ablation(name)]
    assert len(extra) > 5
    for page in ("index", "model_card", "models"):
        for row in re.findall(r'<th scope="row">(.*?)</th>', page_html("en", context, page), re.DOTALL):
            assert not [name for name in extra if name.replace("_", " ") in row]


def test_the_fake_has_each_figure_once() -> None:
    assert not fake.metrics().duplicated(["split", "model", "metric"]).any()


def test_the_fake_s_factors_are_the_programme_s() -> None:
    assert set(tested.FACTORS) <= set(fake.FACTORS)


@pytest.mark.parametrize(
    ("code", "intro", "sealed"),
    [
        ("en", "on the 366 days that had been kept sealed until then, 26 October 2023 to 25 October 2024.",
         "in the test (366 days, 26 October 2023 to 25 October 2024)"),
        ("de", "an den 366 Tagen leistete, die bis dahin versiegelt waren, 26. Oktober 2023 bis 25. Oktober 2024.",
         "in der Erprobung (366 Tage, 26. Oktober 2023 bis 25. Oktober 2024)"),
    ],
)  # fmt: skip
def test_a_test_of_many_days_is_told_by_its_days(code: str, intro: str, sealed: str) -> None:
    page = text(fake.many_days(), code)
    assert intro in page
    assert sealed in page


def test_the_overview_tells_the_days_of_the_test_and_the_day_that_is_scored() -> None:
    context = fake.many_days()
    for code, said in (
        ("en", "was then tried on 366 later days, 26 October 2023 to 25 October 2024."),
        ("de", "wurde dann an 366 späteren Tagen erprobt, 26. Oktober 2023 bis 25. Oktober 2024."),
    ):
        assert said in html.unescape(page_html(code, context, "index"))
    # without the calendar, the names of the trial's cohorts tell the days
    plain = replace(context, calendar=context.calendar.head(0))
    assert spans.tested_days(plain, "elsewhere") == []
    row = context.splits.tail(1).assign(split=context.test, test_cohorts="2023-10-26, 2023-10-27")
    assert "tried on 2 later days" in page_html("en", replace(plain, splits=row), "index")
    quarters = context.cohorts.assign(
        cohort=["2024Q4" if day.year == 2024 else "x" for day in context.cohorts["as_of"]]
    )
    manifest = {**context.manifest, "as_of": "2025-01-05"}
    manifest["deployed_model"] = {**manifest["deployed_model"], "cohort": "2024Q4"}
    page = page_html("en", replace(context, cohorts=quarters, manifest=manifest), "index")
    assert "all scores are of the cases of 31 December 2024" in page
    same = {**manifest, "as_of": "2024-12-31"}
    assert "all scores are of" not in page_html("en", replace(context, cohorts=quarters, manifest=same), "index")
