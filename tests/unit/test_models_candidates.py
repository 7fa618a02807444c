"""Points list, boosting with categories, EBM, other classifiers: what each fits, and what it is stored as."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import models.candidates
from data_contracts.errors import PlumblineError, UsageError
from features.spec import Column
from models.candidates import BoostingModel, EbmModel, OtherModel, PointsModel, fit_candidate, from_state, require
from models.candidates import points as points_module
from models.candidates.categories import Layout, directions, layout
from models.candidates.linear import fit_linear
from models.candidates.statements import COMPARISONS, readable_cuts, statements
from models.candidates.tuning import FOLDS, canonical_order, search
from models.folds import cluster_folds
from models.model import content_hash, fit_model
from models.registry import load_model, save_model
from models.spec import CandidateSpec
from tests.models_candidates import COLUMNS, HAS_EBM, KINDS, NAMES, NO_EBM, fitted, frame, made, spec_of

NAN = np.nan
FOREST = CandidateSpec.model_validate(
    {
        "name": "other",
        "label": "forest",
        "class": "sklearn.ensemble.RandomForestClassifier",
        "params": {"n_estimators": 12, "max_depth": [2, 4]},
    }
)
needs_ebm = pytest.mark.skipif(not HAS_EBM, reason=NO_EBM)


# --- all kinds


@pytest.mark.parametrize("kind", KINDS)
def test_a_fit_is_stored_and_comes_back_bit_for_bit(tmp_path: Path, kind: str) -> None:
    X, y, clusters = made()
    model = fit_model(spec_of(kind), frame(X), y, clusters, seed=1, calibration_share=0.3, columns=COLUMNS)
    save_model(model, tmp_path)
    back = load_model(tmp_path, model.version)
    assert type(back.fitted) is type(model.fitted)
    assert back.raw(frame(X)).tobytes() == model.raw(frame(X)).tobytes()
    for ours, theirs in zip(model.fitted.contributions(X), back.fitted.contributions(X), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def _recorded(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, at: int) -> list[np.ndarray]:
    """Every matrix that a fitting function was given."""
    seen: list[np.ndarray] = []
    real = getattr(owner, name)

    def spy(*args: Any, **named: Any) -> Any:
        seen.append(np.asarray(args[at]))
        return real(*args, **named)

    monkeypatch.setattr(owner, name, spy)
    return seen


@pytest.mark.parametrize("kind", [*[kind for kind in KINDS if kind != "base_rate"], "other"])
def test_tuning_fits_on_whole_clusters_and_never_on_those_it_judges_by(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import Pipeline

    X, y, clusters = made()
    X[:, 5] = np.arange(len(X))  # names the row, whatever is done with it
    place: Callable[[np.ndarray], np.ndarray] = lambda Z: Z[:, -1].astype(int)  # noqa: E731
    if kind == "ebm":
        from interpret.glassbox import ExplainableBoostingClassifier

        seen = _recorded(monkeypatch, ExplainableBoostingClassifier, "fit", 1)
        spec = spec_of("ebm", learning_rate=[0.02, 0.05])
    elif kind == "hist_gradient_boosting":
        seen, spec = _recorded(monkeypatch, HistGradientBoostingClassifier, "fit", 1), spec_of(kind)
    elif kind == "other":
        seen, spec = _recorded(monkeypatch, Pipeline, "fit", 1), FOREST
    elif kind == "points":
        seen, spec = _recorded(monkeypatch, points_module, "statements", 0), spec_of(kind)
    else:
        seen = _recorded(monkeypatch, models.candidates, "fit_linear", 1)
        spec = spec_of(kind, inverse_penalty=[0.01, 0.1])
    fit_candidate(spec, X, y, clusters, 1, COLUMNS)
    fold = cluster_folds(clusters, FOLDS, 1, "tuning")
    inside = [set(np.flatnonzero(fold != k)) for k in range(FOLDS)]
    used = [set(place(Z)) for Z in seen]
    assert used[-1] == set(range(len(X))), "the last fit takes all rows"
    assert len(used) > FOLDS
    assert all(rows in inside or len(rows) == len(X) for rows in used)
    assert all(rows in used for rows in inside)


@pytest.mark.parametrize("kind", [*KINDS, "other"])
def test_neither_the_order_of_rows_nor_the_number_of_threads_changes_a_fit(kind: str) -> None:
    X, y, clusters = made(3)
    spec = FOREST if kind == "other" else spec_of(kind)
    order = np.random.default_rng(1).permutation(len(X))
    one = fit_candidate(spec, X, y, clusters, 1, COLUMNS)
    with threadpool_limits(limits=4):
        other = fit_candidate(spec, X[order], y[order], clusters[order], 1, COLUMNS)
    assert content_hash(one.state()) == content_hash(other.state())
    assert one.raw(X).tobytes() == other.raw(X).tobytes()


def test_the_order_of_rows_is_made_of_what_they_hold() -> None:
    X, y, clusters = made()
    order = np.random.default_rng(0).permutation(len(X))
    first, second = canonical_order(X, y, clusters), canonical_order(X[order], y[order], clusters[order])
    np.testing.assert_array_equal(X[first], X[order][second])
    np.testing.assert_array_equal(clusters[first], clusters[order][second])
    zero, below = np.zeros((4, 1)), np.array([[0.0], [-0.0], [0.0], [-0.0]])
    ids = np.array(["a", "b", "c", "d"], dtype=object)
    np.testing.assert_array_equal(canonical_order(zero, zero[:, 0], ids), canonical_order(below, zero[:, 0], ids))


def test_columns_that_are_not_those_of_the_rows_are_a_defect() -> None:
    X, y, clusters = made()
    with pytest.raises(ValueError, match="6 columns are described, X has 5"):
        fit_candidate(spec_of("logistic"), X[:, :5], y, clusters, 1, COLUMNS)


def test_ties_go_to_the_simpler_settings_and_without_folds_to_the_simplest() -> None:
    y, ids = np.arange(60) % 2.0, np.array([f"k{i}" for i in range(60)], dtype=object)
    table = {0: [5.0, 4.0, 4.0 + 1e-13], 1: [4.0], 2: [3.0, 3.0], 3: [3.0]}
    grid = [{"at": at} for at in table]
    calls: list[int] = []

    def losses(settings: dict[str, Any], inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
        assert not (inside & outside).any()
        assert (inside | outside).all()
        calls.append(settings["at"])
        return np.array(table[settings["at"]]) * outside.sum()

    assert search(grid, losses, y, ids, 1) == (2, 0)
    assert search(grid[:2], losses, y, ids, 1) == (0, 1)
    assert len(calls) == FOLDS * 6
    assert search(grid, losses, y, np.full(60, "one", dtype=object), 1) == (0, 0)


def test_a_grid_is_chosen_from_by_what_the_rows_say() -> None:
    generator = np.random.default_rng(0)
    X, clusters = generator.normal(size=(300, 12)), np.array([f"k{i}" for i in range(300)], dtype=object)
    noise = generator.integers(0, 2, 300).astype(float)
    clear = (X[:, 0] + 0.1 * generator.normal(size=300) > 0).astype(float)
    spec = spec_of("logistic", inverse_penalty=[10.0, 1e-4])
    assert fit_candidate(spec, X, noise, clusters, 1).notes["settings"] == {"inverse_penalty": 1e-4}
    assert fit_candidate(spec, X, clear, clusters, 1).notes["settings"] == {"inverse_penalty": 10.0}


def test_a_state_of_a_kind_that_is_not_stored_is_refused() -> None:
    X, y, clusters = made()
    for state in (fit_candidate(FOREST, X, y, clusters, 1).state(), {"kind": "new"}, {}):
        with pytest.raises(PlumblineError, match="cannot be read from a store"):
            from_state(state)


# --- points


def test_points_add_up_by_hand() -> None:
    model, X = fitted("points", n=800)
    assert isinstance(model, PointsModel)
    items = model.items(NAMES)
    assert 3 <= len(items) <= 5
    for row, total, raw in zip(X[:60], model.total(X), model.raw(X), strict=False):
        points = 0
        for item in items:
            value = row[NAMES.index(item["column"])]
            points += (
                item["points"]
                * {
                    "at_least": item["cut"] is not None and value >= item["cut"],
                    "below": item["cut"] is not None and value < item["cut"],
                    "missing": bool(np.isnan(value)),
                    "is": value == 1,
                }[item["comparison"]]
            )
        assert points == total
        assert raw == model.intercept + model.slope * points
    assert all(isinstance(item["points"], int) and 1 <= abs(item["points"]) <= 5 for item in items)
    assert all((item["cut"] is None) == (item["comparison"] in ("missing", "is")) for item in items)
    assert [item["column"] for item in model.items()] == [NAMES.index(item["column"]) for item in items]
    assert model.notes["items"] == len(items)


def test_a_list_that_made_the_outcomes_is_found_again() -> None:
    generator = np.random.default_rng(1)
    X = np.column_stack([generator.integers(0, 6, 6000), generator.integers(0, 4, 6000), generator.normal(size=6000)])
    line = -1.5 + 0.5 * (4 * (X[:, 0] >= 3) + 2 * (X[:, 1] >= 2))
    y = (generator.random(6000) < 1 / (1 + np.exp(-line))).astype(float)
    model = fit_candidate(spec_of("points", max_items=2), X, y, np.arange(6000).astype(str), 1)
    assert isinstance(model, PointsModel)
    found = [(item["column"], item["comparison"], item["cut"], item["points"]) for item in model.items()]
    assert found == [(0, "at_least", 3.0, 2), (1, "at_least", 2.0, 1)]
    assert model.slope == pytest.approx(1.0, abs=0.1)
    assert [item["share"] for item in model.items()] == pytest.approx([(X[:, 0] >= 3).mean(), (X[:, 1] >= 2).mean()])


def test_where_nothing_helps_the_list_is_empty_and_says_the_average() -> None:
    generator = np.random.default_rng(2)
    X, y = generator.normal(size=(300, 3)), generator.integers(0, 2, 300).astype(float)
    for rows in (X, X[:, :0], np.full((300, 2), NAN)):
        model = fit_candidate(spec_of("points"), rows, y, np.arange(300).astype(str), 1)
        assert isinstance(model, PointsModel)
        assert model.items() == []
        assert 1 / (1 + np.exp(-model.raw(rows))) == pytest.approx(np.full(300, y.mean()))


def test_no_statement_counts_against_the_direction_of_its_column() -> None:
    generator = np.random.default_rng(3)
    X = generator.integers(0, 6, (2000, 1)).astype(float)
    X[:100] = NAN
    y = (generator.random(2000) < 0.1 + 0.1 * np.nan_to_num(X[:, 0])).astype(float)  # rises with the value
    ids = np.arange(2000).astype(str)
    against = fit_candidate(spec_of("points"), X, y, ids, 1, [Column("x", "x", "x", "k", "down")])
    assert isinstance(against, PointsModel)
    assert {item["comparison"] for item in against.items()} <= {"missing"}
    along = fit_candidate(spec_of("points"), X, y, ids, 1, [Column("x", "x", "x", "k", "up")])
    assert isinstance(along, PointsModel)
    assert any(item["comparison"] == "at_least" and item["points"] > 0 for item in along.items())


def test_a_statement_that_would_turn_an_earlier_one_against_its_direction_stays_out() -> None:
    generator = np.random.default_rng(4)
    one, two = (generator.random((2, 4000)) < 0.15).astype(int)
    either = np.maximum(one, two)  # the strongest alone, and against its direction once both others are known
    X = np.column_stack([either, one, two]).astype(float)
    y = (generator.random(4000) < 1 / (1 + np.exp(2 - 2.5 * one - 2.5 * two + 0.9 * either))).astype(float)
    up = [Column(name, name, name, "k", "up") for name in ("either", "one", "two")]
    for columns, falls in ((up, False), ((), True)):
        for most in (1, 2, 3):
            path = points_module._path(statements(X, columns, 10), X, y, most)
            assert len(path) >= min(most, 2)
        assert any((weights < 0).any() for _, weights in path) == falls


@pytest.mark.parametrize(
    ("values", "cuts"),
    [
        ([], []),
        ([3.0] * 9, []),
        ([0.0] * 50 + [1.0] * 50, [1.0]),
        ([0.0] * 990 + [1.0] * 9 + [7.0], [1.0]),
        ([*range(6)] * 20, [1, 2, 3, 4, 5]),
    ],
)
def test_cut_offs_of_a_few_values_are_these_values(values: list[float], cuts: list[float]) -> None:
    assert readable_cuts(np.array(values, dtype=float)) == cuts


def test_cut_offs_are_as_round_as_a_few_rows_allow() -> None:
    values = np.random.default_rng(0).normal(1000, 300, 5000)
    cuts = readable_cuts(values)
    assert all(cut == float(f"{cut:.2e}") for cut in cuts)
    assert sum(cut == float(f"{cut:.1e}") for cut in cuts) > len(cuts) / 2, "two digits mostly are enough"
    moved = [abs((values < cut).mean() - level) for cut, level in zip(cuts[4:10], np.arange(2, 8) / 10, strict=True)]
    assert max(moved) < 0.04
    shares = np.random.default_rng(1).integers(0, 8, 5000) / 7  # many rows share a value that is hard to say
    assert all(cut == float(f"{cut:.1e}") for cut in readable_cuts(shares))
    np.testing.assert_array_equal(
        [(shares < cut).sum() for cut in readable_cuts(shares)],
        np.cumsum(np.bincount((shares * 7).round().astype(int)))[:7],
    )
    years = readable_cuts(np.repeat(np.arange(1990.0, 2011.0), 5))
    assert all(cut == round(cut) for cut in years)
    assert len(years) > 8


def test_statements_count_the_rows_they_hold_for() -> None:
    X, _, _ = made()
    said = statements(X, COLUMNS, fewest=10)
    held = points_module._held(said, list(range(len(said.columns))), X)
    np.testing.assert_array_equal(said.sums(np.ones(len(X))), held.sum(axis=0))
    assert held.sum(axis=0).min() >= 10
    assert (~held).sum(axis=0).min() >= 10
    names = {(NAMES[j], COMPARISONS[c]) for j, c in zip(said.columns, said.comparisons, strict=True)}
    assert names == {
        ("age", "at_least"),
        ("age", "missing"),
        ("school__a", "is"),
        ("school__a", "missing"),
        ("school__b", "is"),
        ("school__not_recorded", "is"),
        ("contacts", "below"),
        ("noise", "at_least"),
    }


# --- boosting


def test_the_columns_of_a_category_become_one_and_come_back() -> None:
    put = layout(COLUMNS, 6)
    assert put.place.tolist() == [0, 1, 2, 1, 1, 3]
    assert put.code.tolist() == [-1, 0, -1, 1, 2, -1]
    assert put.categorical.tolist() == [False, True, False, False]
    X = np.array(
        [
            [5, 1, 2, 0, 0, 9],  # a
            [5, 0, 2, 1, 0, 9],  # b
            [5, 0, 2, 0, 1, 9],  # not recorded has a column of its own
            [5, 0, 2, 0, 0, 9],  # a value that was not declared
            [5, NAN, 2, NAN, NAN, 9],  # missing
        ]
    )
    encoded = put.encode(X)
    np.testing.assert_array_equal(encoded[:, 1], [0, 1, 2, 3, NAN])
    np.testing.assert_array_equal(encoded[:, [0, 2, 3]], X[:, [0, 2, 5]])
    spread = put.spread(np.tile([10.0, 20.0, 30.0, 40.0], (5, 1)), X)
    assert spread[:, [0, 2, 5]].tolist() == [[10.0, 30.0, 40.0]] * 5
    assert spread[:, [1, 3, 4]].tolist() == [[20, 0, 0], [0, 20, 0], [0, 0, 20], [20, 0, 0], [20, 0, 0]]
    alone = layout((COLUMNS[0], COLUMNS[1]), 2)
    assert (alone.code == -1).all(), "one column is no category"
    assert layout((), 3).encode(X[:, :3]) is not None
    assert directions(COLUMNS, 6).tolist() == [1, 0, -1, 0, 0, 0]
    assert directions((), 2).tolist() == [0, 0]


def test_a_category_longer_than_the_booster_can_take_stays_as_columns() -> None:
    many = [Column(f"c__{i}", "c", "c", "attribute_category", category=str(i)) for i in range(251)]
    assert (layout(many, 251).code == -1).all()
    assert layout(many[:250], 250).categorical.tolist() == [True]


def test_boosting_takes_categories_as_such_and_the_declared_directions() -> None:
    model, X = fitted("hist_gradient_boosting")
    assert isinstance(model, BoostingModel)
    assert model.estimator.is_categorical_.tolist() == [False, True, False, False]
    assert model.estimator.monotonic_cst == [1, 0, -1, 0]
    contributions, _ = model.contributions(X)
    assert contributions.shape == X.shape
    school = X[:, [1, 3, 4]]
    idle = (school != 1) & ~((np.nan_to_num(school).sum(axis=1) == 0)[:, None] & [True, False, False])
    assert (contributions[:, [1, 3, 4]][idle] == 0).all()
    plain = fit_candidate(spec_of("hist_gradient_boosting"), *made(), 1)
    assert isinstance(plain, BoostingModel)
    assert plain.estimator.is_categorical_ is None
    assert plain.estimator.monotonic_cst is None
    np.testing.assert_array_equal(plain.layout.encode(X), X)


def test_a_category_never_met_in_training_is_as_one_that_is_missing() -> None:
    X, y, clusters = made()
    seen = X[:, 3] != 1
    model = fit_candidate(spec_of("hist_gradient_boosting"), X[seen], y[seen], clusters[seen], 1, COLUMNS)
    rows = np.array([[5.0, 0, 2, 1, 0, 9], [5, NAN, 2, NAN, NAN, 9]])
    raw = model.raw(rows)
    assert raw[0] == raw[1]
    contributions, base = model.contributions(rows)
    assert base + contributions.sum(axis=1) == pytest.approx(raw, abs=1e-12)


def test_what_a_booster_was_told_of_its_columns_is_part_of_its_version() -> None:
    X, y, clusters = made()
    free = [Column(column.name, column.feature, column.factor, column.kind) for column in COLUMNS]
    hashes = {
        content_hash(fit_candidate(spec_of("hist_gradient_boosting"), X, y, clusters, 1, columns).state())
        for columns in (COLUMNS, free, ())
    }
    assert len(hashes) == 2, "columns of which nothing is known are plain columns"
    model, _ = fitted("hist_gradient_boosting")
    before = content_hash(model.state())
    assert isinstance(model, BoostingModel)
    model.estimator.monotonic_cst[0] = -1
    assert content_hash(model.state()) != before
    model.estimator.monotonic_cst[0] = 1
    model.estimator._preprocessor.named_transformers_["encoder"].categories_[0][0] = 7
    assert content_hash(model.state()) != before


def test_empty_rows_are_scored_and_explained() -> None:
    for kind in KINDS:
        model, X = fitted(kind)
        assert model.raw(X[:0]).shape == (0,)
        assert model.contributions(X[:0])[0].shape == (0, 6)
    assert Layout(np.zeros(0, dtype=int), np.zeros(0, dtype=int)).categorical.tolist() == []


# --- EBM


@needs_ebm
@pytest.mark.parametrize("pairs", [0, 3])
def test_the_plain_arrays_give_what_interpret_gives(monkeypatch: pytest.MonkeyPatch, pairs: int) -> None:
    from interpret.glassbox import ExplainableBoostingClassifier

    kept: list[Any] = []
    real = ExplainableBoostingClassifier.fit

    def fit(self: Any, *args: Any, **named: Any) -> Any:
        kept.append(real(self, *args, **named))
        return kept[-1]

    monkeypatch.setattr(ExplainableBoostingClassifier, "fit", fit)
    X, y, clusters = made(5)
    X = np.column_stack([X, np.full(len(X), 3.0), np.full(len(X), NAN)])
    model = fit_candidate(spec_of("ebm", pairs=pairs), X, y, clusters, 1)
    assert isinstance(model, EbmModel)
    assert max(len(term) for term in model.features) == (2 if pairs else 1)
    edges = [cut for cuts in model.cuts for cut in cuts[0][:2]]
    strange = np.vstack([X, np.full((1, 8), NAN), np.full((1, 8), 1e9), [np.full(8, edge) for edge in edges]])
    assert np.abs(model.raw(strange) - kept[-1].decision_function(strange)).max() < 1e-12


@needs_ebm
def test_a_pair_is_shared_equally_and_terms_are_measured_against_the_training_mean() -> None:
    model, X = fitted("ebm", pairs=2)
    assert isinstance(model, EbmModel)
    contributions, base = model.contributions(X)
    assert contributions.mean(axis=0) == pytest.approx(np.zeros(6), abs=1e-12)
    assert base == pytest.approx(model.raw(X).mean())
    expected = np.zeros_like(X)
    for columns, term in zip(model.features, model.terms(X).T, strict=True):
        for j in columns.tolist():
            expected[:, j] += term / len(columns)
    assert any(len(columns) == 2 for columns in model.features)
    assert all(not {0, 2} & set(columns.tolist()) for columns in model.features if len(columns) == 2), "directed"
    np.testing.assert_array_equal(contributions, expected)


@needs_ebm
def test_bags_keep_clusters_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    from interpret.glassbox import ExplainableBoostingClassifier

    bags: list[np.ndarray] = []
    real = ExplainableBoostingClassifier.fit

    def fit(self: Any, X: Any, y: Any, bags_: Any = None, **named: Any) -> Any:
        bags.append(named["bags"])
        return real(self, X, y, **named)

    monkeypatch.setattr(ExplainableBoostingClassifier, "fit", fit)
    X, y, clusters = made()
    fit_candidate(spec_of("ebm"), X, y, clusters, 1, COLUMNS)
    ordered = clusters[canonical_order(X, y, clusters)]
    assert bags[0].shape == (len(X), FOLDS)
    assert ((bags[0] < 0).sum(axis=1) == 1).all(), "each row is held out once"
    for bag in bags[0].T:
        assert not set(ordered[bag < 0]) & set(ordered[bag > 0])
    one = fit_candidate(spec_of("ebm"), X, y, np.full(len(X), "one", dtype=object), 1, COLUMNS)
    assert np.max(one.notes["rounds"]) <= X.shape[1], "nothing says when to stop: one round"


def test_without_the_extra_a_run_stops_before_it_fits_and_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "interpret", None)
    monkeypatch.setitem(sys.modules, "interpret.glassbox", None)
    spec = CandidateSpec(name="ebm")
    with pytest.raises(UsageError, match="interpret-core, which is not installed") as raised:
        require([CandidateSpec(name="base_rate"), spec])
    assert "plumbline[ebm]" in str(raised.value.todo)
    require([CandidateSpec(name="base_rate")])
    X, y, clusters = made()
    with pytest.raises(UsageError, match="interpret-core"):
        fit_candidate(spec, X, y, clusters, 1)


@needs_ebm
def test_a_stored_ebm_needs_no_interpret(monkeypatch: pytest.MonkeyPatch) -> None:
    model, X = fitted("ebm")
    raw = model.raw(X)
    monkeypatch.setitem(sys.modules, "interpret", None)
    monkeypatch.setitem(sys.modules, "interpret.glassbox", None)
    back = from_state(model.state())
    assert back.raw(X).tobytes() == raw.tobytes()


# --- other


def test_any_classifier_of_scikit_learn_is_compared_and_never_explained() -> None:
    X, y, clusters = made(n=600)
    for path, params in (
        ("sklearn.neighbors.KNeighborsClassifier", {"n_neighbors": 30}),
        ("sklearn.naive_bayes.GaussianNB", {}),
        ("sklearn.ensemble.HistGradientBoostingClassifier", {"max_iter": 10}),
    ):
        spec = CandidateSpec.model_validate({"name": "other", "class": path, "params": params})
        model = fit_candidate(spec, X, y, clusters, 1, COLUMNS)
        assert isinstance(model, OtherModel)
        raw = model.raw(X)
        assert np.isfinite(raw).all()
        assert np.abs(raw).max() <= np.log(1e6)
        assert np.corrcoef(raw, y)[0, 1] > 0.2
        assert model.raw(X[:0]).shape == (0,)
        with pytest.raises(PlumblineError, match="no exact contributions"):
            model.contributions(X)


def test_other_is_tuned_like_any_candidate_and_known_by_what_it_was_made_of() -> None:
    X, y, clusters = made(n=600)
    model = fit_candidate(FOREST, X, y, clusters, 1)
    assert model.notes["settings"]["max_depth"] in (2, 4)
    assert content_hash(model.state()) == content_hash(fit_candidate(FOREST, X, y, clusters, 1).state())
    changed = X.copy()
    changed[0, 5] += 1
    assert content_hash(model.state()) != content_hash(fit_candidate(FOREST, changed, y, clusters, 1).state())
    assert content_hash(model.state()) != content_hash(fit_candidate(FOREST, X, y, clusters, 2).state())


def test_imputation_and_scaling_of_other_come_from_training_rows() -> None:
    X, y, clusters = made()
    spec = CandidateSpec.model_validate({"name": "other", "class": "sklearn.neighbors.KNeighborsClassifier"})
    model = fit_candidate(spec, X, y, clusters, 1)
    assert isinstance(model, OtherModel)
    imputer, scaler = model.pipeline[0], model.pipeline[1]
    np.testing.assert_array_equal(imputer.statistics_, np.nanmedian(X, axis=0))
    assert scaler.n_samples_seen_ == len(X)


def test_what_scikit_learn_refuses_is_told_without_values() -> None:
    X, y, clusters = made()
    spec = CandidateSpec.model_validate(
        {"name": "other", "class": "sklearn.neighbors.KNeighborsClassifier", "params": {"n_neighbors": -3}}
    )
    with pytest.raises(PlumblineError, match=r"KNeighborsClassifier could not be fitted \(\w+Error\)"):
        fit_candidate(spec, X, y, clusters, 1)


def test_a_weight_against_its_direction_is_held_at_zero_and_the_others_fitted_beside_it() -> None:
    """Two columns that go together: free, one of them would count against what is declared."""
    generator = np.random.default_rng(3)
    one = generator.normal(size=2000)
    X = np.column_stack([one + 0.1 * generator.normal(size=2000), one, generator.normal(size=2000)])
    y = (generator.random(2000) < 1 / (1 + np.exp(1 - 3 * X[:, 1] + 2 * X[:, 0]))).astype(np.float64)
    free = fit_linear("logistic", X, y, range(3), 1.0)
    assert free.weights[0] < -0.5
    held = fit_linear("logistic", X, y, range(3), 1.0, directions=(1, 0, 0))
    alone = fit_linear("logistic", X, y, [1, 2], 1.0)
    assert held.weights[0] == 0
    np.testing.assert_allclose(held.weights[1:], alone.weights[1:], rtol=1e-5, atol=1e-7)
    kept = fit_linear("logistic", X, y, range(3), 1.0, directions=(-1, 1, 0))
    np.testing.assert_array_equal(kept.weights, free.weights)


@pytest.mark.parametrize("name", ["base_rate", "one_factor", "logistic", "hist_gradient_boosting"])
def test_rows_count_by_their_weights(name: str) -> None:
    X, y, clusters = made(0, 300)
    spec = spec_of(name)
    plain = fit_candidate(spec, X, y, clusters, 1, COLUMNS)
    alike = fit_candidate(spec, X, y, clusters, 1, COLUMNS, np.ones(len(y)))
    np.testing.assert_allclose(alike.raw(X), plain.raw(X), atol=1e-9)
    more = fit_candidate(spec, X, y, clusters, 1, COLUMNS, np.where(y == 1, 3.0, 1.0))
    assert more.raw(X).mean() > plain.raw(X).mean() + 0.3
    order = np.random.default_rng(0).permutation(len(y))
    turned = fit_candidate(spec, X[order], y[order], clusters[order], 1, COLUMNS, np.where(y[order] == 1, 3.0, 1.0))
    np.testing.assert_array_equal(turned.raw(X), more.raw(X))


def test_a_kind_that_takes_no_weights_says_so() -> None:
    X, y, clusters = made(0, 300)
    with pytest.raises(PlumblineError, match="takes no weights"):
        fit_candidate(spec_of("points"), X, y, clusters, 1, COLUMNS, np.ones(len(y)))
