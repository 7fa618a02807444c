"""Contributions by bin of values and the tendency of past cases, each against an obvious slow way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from features.spec import Column
from models.explanation.shapes import COLUMNS, MOST, factor_shapes, rounded, typical_range
from models.explanation.tendencies import Z, clustered_auc, tendencies

pytestmark = [pytest.mark.slow, pytest.mark.measured]

LEAST = 10


def column(name: str, category: str | None = None, **changes: object) -> Column:
    made = {"name": name, "feature": name.partition("__")[0], "factor": "f", "kind": "count", "category": category}
    return Column(**{**made, **changes})  # type: ignore[arg-type]  # a test's own keywords


def table(values: Sequence[float] | np.ndarray, terms: np.ndarray | None = None, least: int = LEAST) -> pd.DataFrame:
    """The shape of one column with numbers; by default the contribution is a tenth of the value."""
    value = np.asarray(values, dtype=np.float64)
    moved = np.nan_to_num(value) / 10 if terms is None else terms
    return factor_shapes(pd.DataFrame({"x": value}), pd.DataFrame({"x": moved}), [column("x")], min_cell=least)


def inside(row: pd.Series, value: float, whole: bool) -> bool:
    """Whether a value belongs to a bin, read from its ends as docs/release.md says."""
    low, high = row["value_from"], row["value_to"]
    if low == high:
        return value == low
    above = np.isnan(low) or value >= low
    return above and (np.isnan(high) or (value <= high if whole else value < high))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("counts with many zeros", np.random.default_rng(1).poisson(0.6, 2000)),
        ("skewed", np.random.default_rng(2).lognormal(3, 1.5, 2000)),
        ("far from zero", np.random.default_rng(3).normal(1001, 0.7, 2000)),
        ("a frequent last value", np.minimum(np.random.default_rng(4).exponential(300, 2000).round(), 730)),
        ("below and above zero", np.random.default_rng(5).normal(0, 10, 2000).round(1)),
        ("with gaps", np.where(np.random.default_rng(6).random(2000) < 0.3, np.nan, np.arange(2000.0) % 37)),
    ],
)
def test_every_case_is_in_one_bin_and_figures_are_those_of_its_cases(name: str, values: np.ndarray) -> None:
    values = values.astype(np.float64)
    terms = np.random.default_rng(9).normal(size=len(values)) + np.nan_to_num(values) / 100
    made = table(values, terms)
    parts = made[made["part"] != "typical"]
    assert int(parts["n"].sum()) == len(values), name
    told = values[~np.isnan(values)]
    whole = bool((told == np.floor(told)).all())
    places = np.full(len(values), -1)
    for i, value in enumerate(values):  # the first row that fits, as a reader would
        fitting = parts[parts["part"] == ("missing" if np.isnan(value) else "bin")]
        places[i] = next(
            place for place, row in fitting.iterrows() if np.isnan(value) or inside(row, float(value), whole)
        )
    for place, row in parts.iterrows():
        own = terms[places == place]
        assert len(own) == row["n"] >= LEAST, name
        assert row["mean_contribution"] == pytest.approx(own.mean(), abs=6e-4)
        if len(own) >= 10 * LEAST:
            ordered = np.sort(own)
            assert row["low"] == pytest.approx(ordered[len(own) // 10], abs=6e-3)
            assert row["high"] == pytest.approx(ordered[-1 - len(own) // 10], abs=6e-3)
        else:
            assert np.isnan(row["low"])
    bins = parts[parts["part"] == "bin"]
    assert 2 <= len(bins) <= MOST + 1
    assert (bins["n"] >= 0.02 * len(told)).all()


def test_zero_has_a_bin_of_its_own_only_where_it_is_frequent() -> None:
    often = table([0] * 500 + list(range(1, 501)))
    assert often.loc[1, ["value_from", "value_to", "n"]].tolist() == [0, 0, 500]
    assert often.loc[2, "value_from"] == 1
    rarely = table([0] * 5 + list(range(1, 996)))
    assert rarely.loc[1, "value_to"] > 0
    parts = table(np.concatenate([np.zeros(500), np.linspace(0.01, 1, 500)]))
    assert parts.loc[2, "value_from"] == 0, "above zero: values are not whole numbers"


def test_no_end_is_the_value_of_one_person() -> None:
    made = table([*range(1000), 1_000_000])
    ends = set(made["value_from"].dropna()) | set(made["value_to"].dropna())
    assert not ends & {0.0, 999.0, 1_000_000.0}
    assert np.isnan(made.loc[1, "value_from"])
    assert np.isnan(made["value_to"].iloc[-1])
    assert made.loc[0, ["value_from", "value_to"]].tolist() == [50, 950]
    shared = table([5.0] * 400 + [730.0] * 600)
    assert shared.loc[2, ["value_from", "value_to"]].tolist() == [730, 730], "600 people share it"


def test_a_typical_range_rests_on_the_minimum_cell_at_either_end() -> None:
    values = np.sort(np.random.default_rng(1).lognormal(2, 1, 300))
    low, high = typical_range(values, 40) or (0, 0)
    assert (values <= low).sum() >= 40
    assert (values >= high).sum() >= 40
    assert typical_range(values[:100], 40) is None
    assert typical_range(np.full(100, 247.0), 10) == (247, 247)
    assert rounded(0.03349, 0.5, whole=False) == 0.033
    assert rounded(7.0, 300.0, whole=True) == 7


def test_too_few_have_no_figures_and_cannot_be_worked_out() -> None:
    few = table([1.0] * 5 + [np.nan] * 200)
    assert few["part"].tolist() == ["typical", "other"]
    assert few.loc[0, ["n", "mean_contribution"]].isna().all()
    assert few.loc[0, "reason"] == "fewer than 10"
    assert few.loc[1, "n"] == 205, "those without a value alone would tell how many have one"
    all_few = table([1.0, 2.0])
    assert all_few["n"].isna().all()
    empty = table([])
    assert list(empty.columns) == list(COLUMNS)
    assert empty["n"].isna().all()


def test_rare_categories_go_to_the_others_and_take_the_next_rarest_along() -> None:
    sizes = {"a": 100, "b": 40, "c": 12, "d": 4}
    names = [name for name, size in sizes.items() for _ in range(size)] + ["unlisted"] * 3 + [""] * 20
    columns = [column(f"k__{each or 'not_recorded'}", each) for each in ("a", "b", "c", "d", "")]
    X = pd.DataFrame({one.name: [float(name == one.category) for name in names] for one in columns})
    terms = pd.DataFrame({one.name: X[one.name] * i + 0.5 for i, one in enumerate(columns)})
    made = factor_shapes(X, terms, columns, min_cell=LEAST)
    assert dict(zip(made["category"].fillna(made["part"]), made["n"], strict=True)) == {
        "a": 100, "b": 40, "other": 19, "missing": 20,
    }  # fmt: skip
    whole = terms.sum(axis=1)
    assert made.loc[1, "mean_contribution"] == pytest.approx(whole[100:140].mean()), "all columns of the category"
    gone = factor_shapes(X.iloc[:, :4] * np.nan, terms.iloc[:, :4], columns[:4], min_cell=LEAST)
    assert gone["part"].tolist() == ["missing"]


def test_bins_do_not_depend_on_the_order_of_the_rows() -> None:
    generator = np.random.default_rng(7)
    values = generator.poisson(3, 500).astype(float)
    order = generator.permutation(500)
    pd.testing.assert_frame_equal(table(values), table(values[order]))


def test_the_tendency_of_past_cases_is_the_share_of_pairs() -> None:
    generator = np.random.default_rng(3)
    values = generator.poisson(2, 120).astype(float)
    y = (generator.random(120) < 0.2 + 0.1 * (values > 2)).astype(float)
    clusters = np.array([f"k{i // 2}" for i in range(120)], dtype=object)
    pairs = [(a > b) + 0.5 * (a == b) for a in values[y == 1] for b in values[y == 0]]
    auc, error = clustered_auc(values, y, clusters)
    assert auc == pytest.approx(np.mean(pairs))
    twice = clustered_auc(np.tile(values, 2), np.tile(y, 2), np.tile(clusters, 2))
    assert twice == pytest.approx((auc, error)), "the same clusters twice say no more than once"
    alone = clustered_auc(values, y, np.arange(120).astype(str).astype(object))[1]
    drawn = []
    for _ in range(400):
        rows = generator.integers(0, 120, 120)
        drawn.append(clustered_auc(values[rows], y[rows], clusters[rows])[0])
    assert alone == pytest.approx(np.std(drawn), rel=0.15)


def test_tendencies_speak_of_declared_directions_only_and_hide_the_few() -> None:
    generator = np.random.default_rng(5)
    X = pd.DataFrame({"a": generator.normal(size=400), "b": generator.normal(size=400), "c": np.nan})
    X.loc[:4, "c"] = 1.0
    y = (generator.random(400) < 1 / (1 + np.exp(X["a"].to_numpy()))).astype(float)
    columns = [column("a", direction="up"), column("b"), column("c", direction="down")]
    made = tendencies(X, y, np.arange(400).astype(str), columns, min_cell=LEAST).set_index("feature")
    assert list(made.index) == ["a", "c"]
    assert made.loc["a", "high"] < 0.5, "past cases point down where practice had said up"
    assert made.loc["a", "n"] == 400
    assert made.loc["c", ["auc", "low", "high", "n"]].isna().all()
    assert made.loc["c", "reason"] == "fewer than 10"
    assert pytest.approx(1.96, abs=0.001) == Z
