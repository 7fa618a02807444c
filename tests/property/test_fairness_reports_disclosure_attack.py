"""An attack on the open tables: one release, two releases of the same cases, two that differ by a few persons."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from fairness_reports.audit import audit
from fairness_reports.audit.reasons import WITHHELD
from fairness_reports.disclosure import Protected, history, profile_of, protect
from fairness_reports.disclosure.history import Past
from fairness_reports.spec import ProtectedSpec
from tests.fairness_reports_attack import Finding, numerators, programme_of

pytestmark = pytest.mark.slow

SPEC = ProtectedSpec(attributes=["a", "b", "c"], intersections="pairs")
EDGES = (0.3, 0.6)
BANDS = np.array(["0.000–0.300", "0.300–0.600", "0.600–1.000"], dtype=object)
DAYS = {"test": "2026-01-01"}


def microdata(seed: int, cases: int = 600) -> pd.DataFrame:
    """Scored cases in lopsided groups."""
    rng = np.random.default_rng(seed)
    made = {"case_id": [f"c{i:05d}" for i in range(cases)], "split": "test", "as_of": pd.Timestamp("2026-01-01")}
    for name, groups in (("a", 2), ("b", 3), ("c", 5)):
        weights = rng.dirichlet(np.full(groups, 1.0)) * 0.9 + 0.1 / groups
        made[name] = rng.choice([f"{name}{k}" for k in range(groups)], cases, p=weights)
    chance = rng.beta(1.2, 2.0, cases)
    return pd.DataFrame(made).assign(
        score=chance, selected=chance >= np.quantile(chance, 0.7), outcome=(rng.random(cases) < chance).astype(float)
    )


def released(rows: pd.DataFrame, profile: str = "default", past: Past | None = None) -> Protected:
    """The audit of the cases, through disclosure control."""
    exact = audit(rows, None, SPEC, replicates=20, bands=EDGES)
    cases = rows[["split", "as_of", "selected", "outcome"]].assign(
        band=np.array(["0.000–0.300", "0.300–0.600", "0.600–1.000"], dtype=object)[
            np.digitize(rows["score"], (0.3, 0.6))
        ],
        **{f"attribute {name}": rows[name] for name in SPEC.attributes},
    )
    frames = {"fairness": exact}
    return protect(frames, cases, profile=profile, protected=SPEC, minimum_cell=10, test_split="test", past=past)


@cache
def first_of(seed: int, profile: str = "default") -> Protected:
    """A first release."""
    return released(microdata(seed), profile)


def after(made: Protected, model: str = "m", release_id: str = "first") -> Past:
    """What the next release knows of this one."""
    earlier = history.behind(made.splits, DAYS, {"test": "m"}, release_id)
    return Past(DAYS, {"test": model}, {each.days: each for each in earlier}, {release_id: made.frames})


def attacked(tables: list[pd.DataFrame], profile: str, most: int = 30) -> list[Finding]:
    rules = profile_of(profile, 10)
    made = programme_of(tables, rules.base, rules.minimum, rules.digits)
    wanted = [key for key in made.targets if key[2] not in ("us", "un")]  # every outcome is known here
    chosen = np.random.default_rng(0).permutation(len(wanted))[:most]
    return made.ranges("test", [wanted[i] for i in sorted(chosen)])


@pytest.mark.parametrize(("profile", "seed"), [("default", 1), ("opensafely", 2), ("nhs", 3), ("drb", 4)])
def test_every_withheld_count_keeps_a_range_as_wide_as_the_minimum_cell(profile: str, seed: int) -> None:
    rules = profile_of(profile, 10)
    found = attacked([first_of(seed, profile).frames["fairness"]], profile)
    assert len(found) > 20
    assert min(each.width for each in found) >= rules.minimum, min(found, key=lambda each: each.width)


def test_the_attack_finds_what_is_left_open() -> None:
    table = first_of(1).frames["fairness"]
    # a group's figures are withheld, but for the complements of two of them
    mine = (table["attribute"] == "a") & (table["group"] == "a0") & (table["band"] == "all")
    forgotten = table["metric"].isin(["fnr", "tnr"]) & (table["comparison"] == "value")
    assert table.loc[mine & forgotten, "value"].notna().all()
    left = table.copy()
    left.loc[mine & ~forgotten, ["value", "n"]] = np.nan
    narrow = attacked([left[left["attribute"].isin(["overall", "a"])]], "default")
    assert min(each.width for each in narrow if each.group == "a0") < 10


def test_no_rate_gives_its_count_back() -> None:
    table = first_of(1).frames["fairness"]
    rates = table[(table["comparison"] == "value") & table["metric"].isin(["tpr", "fpr", "ppv", "base_rate"])]
    rates = rates[rates["value"].notna() & rates["n"].notna()]
    assert len(rates) > 30
    for row in rates.itertuples():
        kept = {k for k, d in numerators(row.value, row.n, 5)}
        assert len(kept) >= 5, row


def fewer(rows: pd.DataFrame, persons: int) -> pd.DataFrame:
    """The cases without some persons, who all belong to one group and have the outcome."""
    gone = rows[(rows["a"] == "a0") & (rows["outcome"] == 1) & rows["selected"]].index[:persons]
    assert len(gone) == persons
    return rows.drop(index=gone)


def figures(table: pd.DataFrame) -> pd.DataFrame:
    keys = ["attribute", "group", "band", "metric", "comparison", "reference"]
    made = table.assign(reference=table["reference"].fillna("")).set_index(keys).sort_index()
    return made[["value", "low", "high", "n", "bound_low", "bound_high", "needed_n", "detectable_gap"]]


@pytest.mark.parametrize("persons", [1, 9])
def test_a_few_who_are_gone_are_not_found_by_comparing_two_releases(persons: int) -> None:
    rows = microdata(1)
    first = first_of(1)
    second = released(fewer(rows, persons), past=after(first))
    pd.testing.assert_frame_equal(figures(first.frames["fairness"]), figures(second.frames["fairness"]))
    if persons == 9:
        both = attacked([first.frames["fairness"], second.frames["fairness"]], "default", most=12)
        assert min(each.width for each in both) >= 10
        return
    # a third release compares with what was told, not with what was there
    third = released(fewer(rows, persons + 1), past=after(second, release_id="second"))
    pd.testing.assert_frame_equal(figures(first.frames["fairness"]), figures(third.frames["fairness"]))


def test_without_the_rule_two_releases_tell_of_those_who_are_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = microdata(1)
    first = first_of(1)
    monkeypatch.setattr(history, "_few", lambda *_: False)
    second = released(fewer(rows, 9), past=after(first))
    assert not figures(first.frames["fairness"]).equals(figures(second.frames["fairness"]))


def test_nothing_is_told_again_where_nothing_or_enough_has_changed() -> None:
    rows = microdata(1)
    first = first_of(1)
    again = released(rows, past=after(first))
    assert not again.kept.places
    pd.testing.assert_frame_equal(first.frames["fairness"], again.frames["fairness"])
    other_days = Past({"test": "2026-07-01"}, {"test": "m"}, dict(after(first).earlier), {})
    assert not released(fewer(rows, 3), past=other_days).kept.places


def test_another_model_selects_among_the_earlier_cases() -> None:
    rows = microdata(1)
    first = first_of(1)
    other = rows.assign(selected=np.random.default_rng(9).random(len(rows)) < 0.3)
    whole = released(other).frames["fairness"]
    second = released(fewer(other, 3), past=after(first, model="another")).frames["fairness"]
    for metric in ("base_rate", "outcome_share", "group_share"):
        sizes = [_sizes(each, metric) for each in (first.frames["fairness"], second)]
        there = sizes[0].index.intersection(sizes[1].index)
        assert len(there)
    assert np.abs(sizes[0].loc[there] - sizes[1].loc[there]).max() < 0.03
    tpr = [_sizes(each, "tpr") for each in (whole, second)]
    there = tpr[0].index.intersection(tpr[1].index)
    assert len(there)
    assert np.abs(tpr[0].loc[there] - tpr[1].loc[there]).max() < 0.1


def _sizes(table: pd.DataFrame, metric: str) -> pd.Series:
    mine = table[(table["metric"] == metric) & (table["comparison"] == "value") & (table["band"] == "all")]
    mine = mine[~mine["attribute"].str.contains("×")]
    return mine.set_index(["attribute", "group"])["value"].dropna()


def test_what_cannot_be_told_again_is_withheld() -> None:
    rows = microdata(1)
    lost = after(first_of(1))
    table = released(fewer(rows, 2), past=Past(lost.days, lost.models, lost.earlier, {})).frames["fairness"]
    assert table["value"].isna().all()
    assert set(table["reason"]) == {WITHHELD}


def test_single_numbers_are_told_anew_once_they_have_changed_enough() -> None:
    numbers = history.Numbers({}, 10)
    assert [numbers.of("cases", n) for n in (105, 104, 97, 96, 95, 100)] == [105, 105, 105, 105, 95, 95]
    table = pd.DataFrame({"cohort": ["x", "y"], "cases": [100, 50]})
    assert numbers.columns(table, "cohorts", ["cohort"], ["cases"])["cases"].tolist() == [100, 50]
    later = table.assign(cases=[99, 61])
    assert numbers.columns(later, "cohorts", ["cohort"], ["cases"])["cases"].tolist() == [100, 61]
