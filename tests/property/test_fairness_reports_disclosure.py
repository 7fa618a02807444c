"""Disclosure control on random cases: what is hidden could be something else, and what is told hides persons.

The attack here knows every published count exactly, as if nothing were rounded, and looks by integer programming for
other whole numbers of cases behind them: how far can a hidden count be moved? It knows nothing of how levels are found.
"""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from fairness_reports.disclosure.counted import CELLS, Split
from fairness_reports.disclosure.figures import told_counts, told_size
from fairness_reports.disclosure.levels import ALL, HIDDEN, SIZE
from fairness_reports.disclosure.profile import PROFILES, Profile, to_step, up_to_step
from fairness_reports.spec import JOIN, OVERALL, POOLED

pytestmark = pytest.mark.slow

RULES = Profile("default", minimum=4, base=2)
"""Small numbers, so that small examples have everything in them."""
ATTRIBUTES = ("a", "b", "c")
PAIRS = list(combinations(ATTRIBUTES, 2))


@st.composite
def microdata(draw: st.DrawFn) -> pd.DataFrame:
    """Cases of three attributes with lopsided groups, a selection, an outcome, bands."""
    seed = draw(st.integers(0, 2**32 - 1))
    size = draw(st.sampled_from([30, 120, 400, 900]))
    rng = np.random.default_rng(seed)
    made = {}
    for name in ATTRIBUTES:
        weights = rng.dirichlet(np.full(draw(st.integers(1, 4)), draw(st.sampled_from([0.3, 1.0, 5.0]))))
        made[name] = rng.choice([f"{name}{k}" for k in range(len(weights))], size, p=weights)
    made["outcome"] = (rng.random(size) < draw(st.sampled_from([0.05, 0.3, 0.5]))).astype(float)
    if draw(st.booleans()):
        made["outcome"] = np.where(rng.random(size) < draw(st.sampled_from([0.02, 0.3])), np.nan, made["outcome"])
    made["selected"] = rng.random(size) < draw(st.sampled_from([0.0, 0.2, 0.5]))
    made["band"] = rng.choice(["low", "high"], size, p=[0.7, 0.3])
    return pd.DataFrame(made)


def split_of(cases: pd.DataFrame) -> Split:
    return Split(cases, {name: sorted(set(cases[name])) for name in ATTRIBUTES}, PAIRS, RULES, RULES.minimum)


def y_of(cases: pd.DataFrame) -> np.ndarray:
    kind = np.where(cases["outcome"] == 1, 0, np.where(cases["outcome"] == 0, 2, 4))
    return np.asarray(kind + ~cases["selected"].to_numpy())


def known_sums(split: Split, grid: pd.DataFrame) -> list[np.ndarray]:
    """Every exact sum that stands behind what is shown, as masks of the grid's cells."""
    y = y_of(grid)
    outcome = np.array([0, 0, 2, 2, 4, 4])[y]
    found: list[np.ndarray] = []
    for name, part in split.parts.items():
        for label, level in zip(part.labels, part.levels, strict=True):
            here = members(split, grid, name, str(label))
            if level == ALL:
                found += [here & (y == cell) for cell in range(CELLS)]
            elif level == SIZE:
                found.append(here)
    for name, part in split.banded.items():
        for (label, band), level in zip(part.labels, part.levels, strict=True):
            if level == ALL:
                here = members(split, grid, name, str(label)) & (grid["band"] == band).to_numpy()
                found += [here & (outcome == cell) for cell in (0, 2, 4)]
    return found


def members(split: Split, cases: pd.DataFrame, name: str, label: str) -> np.ndarray:
    if name == OVERALL:
        return np.ones(len(cases), dtype=bool)
    if label == POOLED:
        part = split.parts[name]
        return cases[name].isin([str(each) for each in part.labels[part.labels.index(POOLED) + 1 :]]).to_numpy()
    here = np.ones(len(cases), dtype=bool)
    for each, value in zip(name.split(JOIN), label.split(JOIN), strict=True):
        here &= (cases[each] == value).to_numpy()
    return here


def grid_of(cases: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """All combinations that a case may have, and how many cases have each."""
    values = [sorted(set(cases[name])) for name in ATTRIBUTES]
    outcomes = [1.0, 0.0, *([np.nan] if cases["outcome"].isna().any() else [])]
    grid = pd.DataFrame(
        list(product(*values, ["high", "low"], outcomes, [True, False])),
        columns=[*ATTRIBUTES, "band", "outcome", "selected"],
    )
    names = [*ATTRIBUTES, "band", "selected", "outcome"]
    coded = cases.assign(outcome=cases["outcome"].fillna(-1)).groupby(names).size()
    keys = grid.assign(outcome=grid["outcome"].fillna(-1))[names].itertuples(index=False, name=None)
    return grid, np.array([coded.get(key, 0) for key in keys], dtype=float)


def room(known: list[np.ndarray], there: np.ndarray, target: np.ndarray) -> float:
    """Largest minus smallest number of cases in the target that the known sums allow."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    matrix = np.unique(np.array(known, dtype=float), axis=0)
    sums = LinearConstraint(matrix, matrix @ there, matrix @ there)
    ends = []
    for sign in (1.0, -1.0):
        found = milp(
            sign * target.astype(float), constraints=[sums], integrality=np.ones(len(there)), bounds=Bounds(0, np.inf),
            options={"time_limit": 5.0},
        )  # fmt: skip
        if found.x is None:  # not found in time: what is there is one of them
            ends.append(float(there @ target))
            continue
        made = np.rint(found.x)
        assert np.allclose(matrix @ made, matrix @ there), "the other cases have the same published figures"
        ends.append(float(made @ target))
    return abs(ends[1] - ends[0])


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(microdata(), st.integers(0, 1000))
def test_a_hidden_count_could_be_another_one(cases: pd.DataFrame, order: int) -> None:
    split = split_of(cases)
    grid, there = grid_of(cases)
    y, known = y_of(grid), known_sums(split, grid)
    hidden = []
    for name, part in split.parts.items():
        for label, level in zip(part.labels, part.levels, strict=True):
            here = members(split, grid, name, str(label))
            judged = np.flatnonzero(split._judged)
            hidden += [
                here & (y == cell) for cell in judged if level < ALL and there @ (here & (y == cell)) < RULES.minimum
            ]
            if level == HIDDEN and there @ here < RULES.minimum:
                hidden.append(here)
    assume(hidden)
    if (split.parts[OVERALL].levels < ALL).any():
        return  # nothing about anybody's outcome is shown then
    for at in np.random.default_rng(order).permutation(len(hidden))[:5]:
        target = hidden[at]
        assert room(known, there, target) >= RULES.minimum


@settings(max_examples=150, deadline=None)
@given(microdata())
def test_nothing_shown_rests_on_few_cases_and_counts_are_rounded(cases: pd.DataFrame) -> None:
    split = split_of(cases)
    for part in (*split.parts.values(), *split.banded.values()):
        for at, level in enumerate(part.levels):
            if level == ALL and part in split.parts.values():
                assert (part.counts[at][split._judged] >= RULES.minimum).all()
                assert (told_counts(part, at, RULES) % RULES.base == 0).all()
            elif level == ALL:
                assert (part.counts[at][[0, 2]] >= RULES.minimum).all()
            elif level == SIZE:
                assert part.counts[at].sum() >= RULES.minimum
                assert told_size(part, at, RULES) % RULES.base == 0


@given(st.sampled_from(sorted(PROFILES)), st.integers(1, 20_000), st.data())
def test_a_rate_in_steps_has_several_counts_behind_it(name: str, n: int, data: st.DataObject) -> None:
    profile = PROFILES[name]
    count = data.draw(st.integers(0, n))
    step = profile.step(n)
    told = to_step(count / n, step)
    others = [k for k in range(n + 1) if abs(k / n - told) <= step / 2 + 1e-12]
    # at 0 and 1 only one side is left
    assert len(others) >= min(profile.base // (2 if told in (0.0, 1.0) else 1), n)


@given(st.sampled_from(sorted(PROFILES)), st.integers(0, 100_000))
def test_a_count_that_is_told_could_be_one_of_several(name: str, n: int) -> None:
    profile = PROFILES[name]
    told = profile.count(n)
    assert told % profile.base == 0
    same = [k for k in range(max(0, n - 2 * profile.base), n + 2 * profile.base) if profile.count(k) == told]
    assert len(same) >= (profile.base if told else profile.base // 2)


@given(st.floats(0, 1), st.integers(1, 5000))
def test_rounding_up_never_makes_an_interval_narrower(width: float, n: int) -> None:
    step = PROFILES["default"].step(n)
    assert width - 1e-9 <= up_to_step(width, step) <= width + step + 1e-9
