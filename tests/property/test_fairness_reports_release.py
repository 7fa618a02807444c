"""What holds for any rows: the order they come in is of no matter, and small counts never appear."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.sheets import safe_text
from fairness_reports.language import LANGUAGES, Language
from fairness_reports.release_tables import to_arrow, write_parquet
from fairness_reports.reports.figures import count, interval, metric_difference, metric_value
from tests import fairness_reports_fake as fake

ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "é"]), st.sampled_from(["auc", "brier"]),
        st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=False)), st.integers(0, 10**12),
    ),
    max_size=8, unique_by=lambda row: row[:2],
)  # fmt: skip


@given(ROWS, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_rows_leaves_no_trace_in_a_file(rows: list[tuple[object, ...]], random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    contents = []
    with tempfile.TemporaryDirectory() as folder:
        for i, each in enumerate((rows, shuffled)):
            frame = pd.DataFrame(each, columns=["split", "metric", "value", "n"])
            frame = frame.assign(as_of=date(2020, 1, 1), model="m", low=np.nan, high=None)
            path = Path(folder) / f"{i}.parquet"
            write_parquet(to_arrow("metrics", "open", frame, ["split", "metric"], {"release_id": "r"}), path)
            contents.append(path.read_bytes())
    assert contents[0] == contents[1]


@given(st.text(max_size=50))
@settings(max_examples=100, deadline=None)
def test_any_text_fits_into_a_workbook(text: str) -> None:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    assert not ILLEGAL_CHARACTERS_RE.search(safe_text(text))


@given(st.integers(0, 10**7), st.sampled_from(LANGUAGES))
@settings(max_examples=100, deadline=None)
def test_no_count_below_the_minimum_cell_is_shown(n: int, code: str) -> None:
    context = fake.context("descriptive_only")
    shown = count(Language(code), context, n)
    assert (shown == Language(code).t("form.fewer", n=10)) == (n < 10)


@given(st.floats(-1, 1), st.floats(-1, 1), st.sampled_from(["tpr", "auc", "calibration", "brier"]))
@settings(max_examples=100, deadline=None)
def test_both_languages_show_the_same_digits(value: float, low: float, metric: str) -> None:
    shown = []
    for code in LANGUAGES:
        language = Language(code)
        texts = [
            metric_value(language, metric, value),
            metric_difference(language, metric, value),
            interval(language, metric, min(low, value), max(low, value), difference=True),
        ]
        shown.append(["".join(c for c in text if c.isdigit() or c in "−+") for text in texts])
    assert shown[0] == shown[1]
