"""The picture of the splits: whole, of its page, readable without seeing it or its colours."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from datetime import date, timedelta

import pandas as pd
import pytest

from fairness_reports.language import Language
from fairness_reports.reports.split_picture import cohort_words, picture, svg, svg_file
from models.cohorts import as_of_dates
from models.spec import SplitsSpec
from models.split_plan import Cohort, calendar_rows, plan, split_names

TODAY = date(2024, 1, 1)


def table(name: str = "", **fields: object) -> pd.DataFrame:
    cohorts = [
        Cohort(day, f"{name}{day}", day + timedelta(90), day + timedelta(97), day + timedelta(97) <= TODAY)
        for day in as_of_dates(date(2020, 1, 1), 3, TODAY)
    ]
    splits = plan(cohorts, SplitsSpec.model_validate(fields))
    return calendar_rows(splits, split_names(splits, cohorts))


@pytest.mark.parametrize("code", ["en", "de"])
def test_every_split_is_a_lane_and_a_sentence(code: str) -> None:
    frame = table(last=3, histories=["9y", "1y"])
    chart = picture(Language(code), frame)
    root = ElementTree.fromstring(str(chart.svg))
    texts = ["".join(node.itertext()) for node in root.iter() if node.tag.endswith("text")]
    for split in frame["split"].unique():
        assert split in texts
        assert chart.description.count(f"{split} (") == 1
    assert {"en": "test", "de": "Test"}[code] in texts
    assert any("1y" in text for text in texts if text not in set(frame["split"]))
    assert [child.tag.split("}")[-1] for child in root][:2] == ["title", "desc"]
    assert chart.title in ElementTree.tostring(root, encoding="unicode")


def test_the_words_are_right() -> None:
    frame = table(last=1, test_for="6mo")
    words = picture(Language("en"), frame).description
    assert words == (
        "2023-04-01 (test): trained on 12 cohorts (2020-01-01 … 2022-10-01), closed by 6 January 2023; "
        "model day 1 April 2023; tested on 2 cohorts (2023-04-01, 2023-07-01), windows until 29 September 2023."
    )


def test_names_cannot_break_the_page() -> None:
    chart = picture(Language("en"), table("<b>&", last=1))
    ElementTree.fromstring(str(chart.svg))
    assert "<b>&2023-07-01 (test)" in chart.description
    assert "&amp;amp;" not in chart.svg
    assert "<b>" not in chart.svg


def test_of_many_cohorts_the_first_and_the_last_are_named() -> None:
    rows = table(last=1)
    train = rows[rows["part"] == "train"]
    assert cohort_words(Language("en"), train.head(3)) == "3 cohorts (2020-01-01, 2020-04-01, 2020-07-01)"
    assert cohort_words(Language("en"), train.head(4)) == "4 cohorts (2020-01-01 … 2020-10-01)"
    assert cohort_words(Language("de"), train.head(1)) == "1 Kohorte (2020-01-01)"


def test_it_is_drawn_in_the_colours_of_its_page_and_with_ids_of_its_own() -> None:
    drawn = svg("en", table(), "cut")
    assert not re.findall(r"#[0-9a-f]{6}\b", drawn)
    assert "<style" not in drawn
    ids = re.findall(r' id="([^"]+)"', drawn)
    assert all(each.startswith("cut-") for each in ids)
    assert len(ids) == len(set(ids))


def test_a_file_of_its_own_has_colours_and_is_the_same_each_time() -> None:
    drawn = svg_file("de", table())
    root = ElementTree.fromstring(drawn)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    used = set(re.findall(r"var\((--\w+)\)", drawn))
    assert used
    assert all(f"{name}:#" in drawn for name in used), "every colour is given"
    assert drawn == svg_file("de", table())


def test_parts_are_told_apart_without_colour() -> None:
    """Training is a filled bar, the test an empty frame, waiting a dotted line; circles train, squares are tested."""
    drawn = svg("en", table(last=1))
    assert "stroke-dasharray" in drawn
    one = table(last=1)
    trained, tested = ((one["part"] == part).sum() for part in ("train", "test"))
    uses = len(re.findall(r"<use ", drawn))
    assert uses >= trained + tested


@pytest.mark.parametrize(
    ("code", "said"),
    [("en", "each mark stands for those of a quarter of a year."), ("de", "steht für die eines Vierteljahrs.")],
)
def test_of_many_days_a_mark_stands_for_a_span_and_this_is_said(code: str, said: str) -> None:
    days = [date(2016, 1, 1) + timedelta(k) for k in range(2900)]
    cohorts = [
        Cohort(day, str(day), day + timedelta(60), day + timedelta(67), day + timedelta(67) <= TODAY) for day in days
    ]
    planned = plan(cohorts, SplitsSpec.model_validate({"update_every": "1y", "test_for": "1y"}))
    frame = calendar_rows(planned, split_names(planned, cohorts))
    chart = picture(Language(code), frame)
    assert chart.description.endswith(said)
    assert chart.svg.count("<use") < 400
    assert len(chart.svg) < 200_000
    few = picture(Language(code), table(last=1))
    assert said not in few.description
    month = picture(
        Language(code), frame[(frame["split"] == frame["split"].iloc[-1]) & (frame["cohort_as_of"] >= "2020-01-01")]
    )
    assert {"en": "those of a month.", "de": "die eines Monats."}[code] in month.description
