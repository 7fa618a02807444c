"""The page on how the past was cut says what served for what, hides small numbers, and tells nothing twice."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from fairness_reports.language import LANGUAGES, catalogue, refused_wording
from fairness_reports.reports import ReportContext, page_html
from tests import fairness_reports_fake as fake

pytestmark = [pytest.mark.slow, pytest.mark.measured]


def text(context: ReportContext, code: str = "en", name: str = "splits") -> str:
    page = re.sub(r"<style.*?</style>|<nav.*?</nav>", "", page_html(code, context, name), flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def test_words_come_first_then_cohorts() -> None:
    page = text(fake.context())
    assert "It learned from 2 cohorts (2013B, 2013J); they were closed by the day of the training." in page
    assert "It was tried on 1 cohort (2014B), which it had never seen" in page
    assert "1 cohort (2014J) are still open" not in page
    assert "Still open: 1 cohort (2014J)." in page
    assert page.index("It learned from") < page.index("31 October 2013 developing 7,678 1,404 18.3%")
    assert "2014J 31 October 2014 scoring 9,204 not known yet –" in page


def test_openings_and_the_training() -> None:
    context = fake.context()
    for said in ("Opened once under this charter.", "Before that, 3 times under other charters.",
                 "trained as of 31 October 2014: there had been none under this charter.",
                 "trained again from 1 May 2015."):  # fmt: skip
        assert said in text(context)
        assert said not in text(context, name="models")
    first = {**context.manifest["training"], "openings": 4, "openings_before": 0, "reason": "cadence"}
    page = text(replace(context, manifest={**context.manifest, "training": first}))
    assert "Opened 4 times under this charter. It had not been opened under any other charter." in page
    assert "the time that the charter sets had passed" in page
    unknown = {name: value for name, value in context.manifest.items() if name != "training"}
    assert "How often the test has been opened is not recorded" in text(replace(context, manifest=unknown))


def test_relatives_in_both_ways_and_a_few_of_them_are_not_counted_out() -> None:
    context = fake.context()
    page = text(context)
    assert "2012J development 2 cohorts (2011J, 2012B) 1 cohort (2012J) 2,407 6,505 left out of learning" in page
    assert "rows they have: fewer than 10" in page
    assert "0.3%" not in page
    assert "rows they have: 22.0%" in page
    assert "2013J development 0.69 0.68 to 0.71 0.70" in page  # the first column is always the one that left them out
    assert "2014B test 0.70 0.69 to 0.72 0.69 0.68 to 0.71 left out of learning" in page
    assert "2013J [1y] 1y 0.67" in page
    crossed = text(replace(context, splits=context.splits.assign(design="cross_fitted")))
    assert "each group was scored by a model that had learned from the other groups only" in crossed
    compared = context.metrics["model"].map(lambda name: name.endswith((" purged", " cross_fitted", " history 1y")))
    alone = text(replace(context, metrics=context.metrics[~compared]))
    assert str(catalogue("en")["cut.both_none"]) in alone
    assert "With less of the past" not in alone
    assert "<svg" in page_html("en", context, "splits")
    assert "<svg" not in page_html("en", replace(context, calendar=context.calendar.head(0)), "splits")


def test_of_many_cohorts_the_first_and_the_last_are_named() -> None:
    context = fake.context()
    many = context.splits.assign(train_cohorts=", ".join(f"c{i}" for i in range(12)))
    assert "12 cohorts (c0 … c11)" in text(replace(context, splits=many))


def test_small_cohorts_are_not_counted_out() -> None:
    context = fake.context()
    few = context.cohorts.assign(outcomes=[7, 1404, 6500, None])
    page = text(replace(context, cohorts=few))
    assert "learning 4,116 fewer than 10 –" in page
    assert "testing 6,505 6,500 –" in page  # 5 without the outcome


def test_who_had_left_is_told_from_the_audit() -> None:
    context = fake.context()
    row = {**context.fairness.iloc[0].to_dict(), "metric": "attrition", "value": 0.08, "low": 0.07, "high": 0.09,
           "n": 7000, "band": "all", "attribute": "overall", "group": "overall", "comparison": "value"}  # fmt: skip
    told = replace(context, fairness=pd.concat([context.fairness, pd.DataFrame([row])], ignore_index=True))
    assert "2014B: of 7,000 registered, 8.0% had left before the day of the prediction (7.0 to 9.0)." in text(told)
    assert str(catalogue("en")["cut.attrition_none"]) in text(context)


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_training_that_kept_no_record_and_a_release_without_a_model(code: str) -> None:
    context = fake.context()
    page = text(replace(context, splits=context.splits.head(0)), code)
    assert str(catalogue(code)["cut.absent_splits"]) in page
    bare = fake.context("descriptive_only")
    assert str(catalogue(code)["cut.no_model"]) in text(bare, code)
    assert str(catalogue(code)["cut.cohorts_intro"]) in text(bare, code)
    assert "<svg" in page_html(code, bare, "index"), "the trend stands on the overview where there is no model"
    assert not refused_wording(page, code)


def test_nothing_of_it_stands_on_another_page() -> None:
    for name in ("index", "models"):
        page = text(fake.context(), name=name)
        for key in ("cut.cohorts_intro", "cut.splits_text", "cut.both_intro", "cut.histories_intro"):
            assert str(catalogue("en")[key]) not in page


@pytest.mark.parametrize(
    ("code", "grouped", "line", "waits"),
    [
        ("en", "There are 2,921 cohorts, too many", "Oct 2023 25 days, 1 October 2023 to 25 October 2023"
         " learning 350 50 14.3%", "The scores are of the cases of 31 December 2024 alone."),
        ("de", "Es sind 2.921 Kohorten, zu viele für je eine Zeile", "Okt. 2023 25 Tage, 1. Oktober 2023 bis"
         " 25. Oktober 2023 Lernen 350 50 14,3", "Die Schätzwerte gelten allein für die Fälle vom 31. Dezember 2024."),
    ],
)  # fmt: skip
def test_days_that_are_cohorts_stand_by_month(code: str, grouped: str, line: str, waits: str) -> None:
    page = text(fake.many_days(), code)
    for said in (grouped, line, waits):
        assert said in page
    assert {"en": "still open 420 not known yet", "de": "noch offen 420 noch nicht bekannt"}[code] in page
    assert {"en": "Dec 2024 31 December 2024 scoring 14", "de": "Dez. 2024 31. Dezember 2024 Schätzen 14"}[code] in page
    assert page.count("14.3" if code == "en" else "14,3") == 95, "a line for each month, two where it served for two"
    unscored = text(fake.many_days(scored=None), code)
    assert waits not in unscored
    assert {"en": "No scores are published.", "de": "Schätzwerte werden nicht veröffentlicht."}[code] in unscored


def test_a_month_of_which_a_day_is_withheld_has_no_sum_and_months_may_be_too_many() -> None:
    context = fake.many_days()
    few = context.cohorts.assign(cases=context.cohorts["cases"].mask(context.cohorts["cohort"] == "2017-02-03", 0))
    assert "1 February 2017 to 28 February 2017 learning not shown 56 –" in text(replace(context, cohorts=few))
    days = [date(2000, 1, 1) + pd.DateOffset(months=k) for k in range(200)]
    table = {"cohort": [f"c{k}" for k in range(200)], "as_of": days, "role": "train", "cases": 100, "outcomes": 20}
    page = text(replace(context, cohorts=pd.DataFrame(table)))
    assert "Cohorts by year" in page
    assert "2000 12 days, 1 January 2000 to 1 December 2000 learning 1,200 240 20.0%" in page
    some = text(replace(context, cohorts=pd.DataFrame(table).head(60)))
    assert "Cohorts by" not in some, "60 months are no fewer lines than 60 cohorts"


def test_cohorts_of_many_days_that_share_a_name_are_told_by_their_days() -> None:
    context = fake.many_days()
    days = pd.to_datetime(context.cohorts["as_of"])
    quarters = context.cohorts.assign(cohort=[f"{day.year}Q{day.quarter}" for day in days])
    page = text(replace(context, cohorts=quarters))
    assert "Still open: 67 days, 26 October 2024 to 31 December 2024." in page
    assert "It was tried on 366 days, 26 October 2023 to 25 October 2024" in page
