"""What a release tells again of one that was made from another pack, or under another charter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from fairness_reports.audit import audit
from fairness_reports.audit.reasons import WITHHELD
from fairness_reports.disclosure import Protected, history, protect
from fairness_reports.disclosure.history import Past
from fairness_reports.spec import ProtectedSpec
from fairness_reports.states import CANNOT_TELL, NOT_JUDGED
from pipelines.run import _about_told_again
from tests.fairness_reports_audit_data import threshold

SPEC = ProtectedSpec(attributes=["area", "sex"], intersections="pairs")
DAYS = {"now": "2026-01-01"}
KEYS = ["split", "attribute", "group", "band", "metric", "comparison", "reference"]
FIGURES = ["value", "low", "high", "n", "bound_low", "bound_high", "detectable_gap", "tipping_point"]
MERGED = {"north": "north", "west": "others", "east": "others"}
INTO_ONE = {"north": "north", "west": "north", "east": "east"}


def cases() -> pd.DataFrame:
    """Cases in groups of which all may be shown."""
    rng = np.random.default_rng(3)
    n = 2400
    chance = rng.beta(1.2, 2.0, n)
    return pd.DataFrame({
        "case_id": [f"c{i:05d}" for i in range(n)],
        "split": "now",
        "as_of": pd.Timestamp("2026-01-01"),
        "area": rng.choice(["north", "west", "east"], n),
        "sex": rng.choice(["f", "m"], n),
        "score": chance,
        "selected": chance >= np.quantile(chance, 0.6),
        "outcome": (rng.random(n) < chance).astype(float),
    })  # fmt: skip


def released(
    rows: pd.DataFrame,
    metric: str = "fnr",
    past: Past | None = None,
    merged: Mapping[str, str] | None = None,
    importance: float = 0.25,
) -> Protected:
    """The audit, what factors weigh and one change, under a charter that judges one metric, from one pack's groups."""
    rows = rows if merged is None else rows.assign(area=rows["area"].map(merged))
    judged = [threshold(metric, "sex", 0.1), threshold(metric, "area", 0.1)]
    exact = audit(rows, None, SPEC, replicates=20, confirmatory=judged, test_split="now")
    groups = [("area", group) for group in sorted(rows["area"].unique())] + [("sex", "f"), ("sex", "m")]
    factors = pd.DataFrame(groups, columns=["attribute", "group"]).assign(
        factor="contacts", importance=importance, direction="up", mean_contribution=0.1, low=0.1, high=0.4, n=len(rows)
    )
    drift = pd.DataFrame(groups, columns=["attribute", "group"]).assign(
        metric="psi", since="now", value=importance, low=0.1, high=0.4, n=len(rows), alarm=metric == "fpr", reason=None
    )
    behind = rows[["split", "as_of", "selected", "outcome"]].assign(
        band=None, **{f"attribute {name}": rows[name] for name in SPEC.attributes}
    )
    return protect(
        {"fairness": exact, "factors": factors, "drift": drift}, behind, profile="default", protected=SPEC,
        minimum_cell=10, test_split="now", past=past,
    )  # fmt: skip


@cache
def first() -> Protected:
    return released(cases())


def after(made: Protected, model: str = "m", release_id: str = "first", *, changed: bool) -> Past:
    """What the next release knows of this one."""
    models = {"now": "m"} if made.past is None else made.past.models
    earlier = history.behind(made.splits, DAYS, models, release_id)
    tables = {release_id: made.frames}
    known = {each.days: each for each in earlier}
    return Past(DAYS, {"now": model}, known, tables, changed={release_id} if changed else ())


def fewer() -> pd.DataFrame:
    """One person has been erased."""
    return cases().drop(index=7)


def by_key(made: Protected) -> pd.DataFrame:
    table = made.frames["fairness"]
    return table.assign(reference=table["reference"].fillna("")).set_index(KEYS).sort_index()


def test_under_the_same_configuration_rows_are_told_as_they_were() -> None:
    second = released(fewer(), past=after(first(), changed=False), importance=0.5)
    for name, table in first().frames.items():
        told = [each.sort_values(list(each.columns)).reset_index(drop=True) for each in (table, second.frames[name])]
        pd.testing.assert_frame_equal(*told, obj=name)
    # where nothing but a hash is another one, the same figures are told
    third = released(fewer(), past=after(first(), changed=True), importance=0.5)
    pd.testing.assert_frame_equal(by_key(second)[FIGURES], by_key(third)[FIGURES])
    pd.testing.assert_series_equal(by_key(second)["confirmatory"], by_key(third)["confirmatory"])


def test_another_charter_judges_the_figures_that_had_been_told() -> None:
    exact = by_key(released(fewer(), "fpr"))
    second = released(fewer(), "fpr", past=after(first(), changed=True), importance=0.5)
    before, told = by_key(first()), by_key(second)
    pd.testing.assert_frame_equal(before[FIGURES], told[FIGURES])
    pd.testing.assert_frame_equal(exact[["state", "confirmatory"]], told[["state", "confirmatory"]])
    judged = told[told["confirmatory"]]
    assert set(judged.index.get_level_values("metric")) == {"fpr"}
    assert set(told.loc[~told["confirmatory"], "state"]) == {NOT_JUDGED}
    assert told.loc[told["state"] != CANNOT_TELL, "needed_n"].isna().all()
    assert (second.frames["factors"]["importance"].dropna() < 0.4).all()
    assert second.frames["drift"]["alarm"].all()
    assert (second.frames["drift"]["value"].dropna() < 0.4).all()


@pytest.mark.parametrize("merged", [MERGED, INTO_ONE])
@pytest.mark.parametrize("model", ["m", "another"])
def test_of_other_groups_nothing_is_told(merged: dict[str, str], model: str) -> None:
    second = released(fewer(), past=after(first(), model, changed=True), merged=merged)
    table = second.frames["fairness"]
    assert not table.duplicated(KEYS).any()
    area = table[table["attribute"].str.contains("area")]
    assert set(area.loc[area["attribute"] == "area", "group"]) == set(merged.values())
    assert area[[*FIGURES, "needed_n"]].isna().all(axis=None)
    assert set(area["reason"]) == {WITHHELD}
    # of a crossing one row for each cell, whether it would be shown today or not
    assert set(area.loc[area["attribute"] != "area", "metric"]) == {"n"}
    assert second.frames["drift"].query("attribute == 'area'")["value"].isna().all()
    factors = second.frames["factors"].query("attribute == 'area'")
    assert set(factors["group"]) == set(merged.values())
    assert factors["importance"].isna().all()
    # everybody, and attributes whose groups are what they were, are told as before
    if model == "m":
        same = table["attribute"].isin(["sex", "overall"])
        mine = by_key(first()).query("attribute in ('sex', 'overall')")[FIGURES]
        pd.testing.assert_frame_equal(
            mine, table[same].assign(reference=table["reference"].fillna("")).set_index(KEYS).sort_index()[FIGURES]
        )
    else:
        assert table.loc[table["attribute"] == "sex", "value"].notna().any()


@pytest.mark.parametrize("model", ["m", "another"])
def test_what_was_last_told_of_the_earlier_groups_is_remembered(model: str) -> None:
    second = released(fewer(), past=after(first(), model, changed=True), merged=MERGED)
    kept = history.behind(second.splits, DAYS, {"now": model}, "second")[0].counts
    was = history.behind(first().splits, DAYS, {"now": "m"}, "first")[0].counts
    assert set(kept["area"]) == set(was["area"])
    assert {group: sum(counts) for group, counts in kept["area"].items()} == pytest.approx(
        {group: sum(counts) for group, counts in was["area"].items()}
    )
    # a third release of the same pack still tells nothing of them, nor does a run that goes back to the first pack
    for merged, changed in ((MERGED, False), (None, True)):
        past = replace(after(second, model, "second", changed=changed))
        third = released(fewer(), past=past, merged=merged).frames["fairness"]
        assert third.loc[third["attribute"] == "area", "value"].isna().all()
        assert not third.duplicated(KEYS).any()


def test_the_manifest_names_what_is_withheld() -> None:
    second = released(fewer(), past=after(first(), "another", changed=True), merged=MERGED)
    assert {"split": "now", "attribute": "area", "of": ""} in second.kept.places
    assert ("now", "area") not in second.kept.anchored
    assert ("now", "sex") in second.kept.anchored


@pytest.mark.parametrize(("parts", "said"), [(0, []), (1, ["1 part of"]), (12, ["12 parts of"])])
def test_the_end_of_a_run_says_so(parts: int, said: list[str]) -> None:
    lines = _about_told_again(parts)
    assert [line[: len(start)] for line, start in zip(lines, said, strict=True)] == said
    assert all("docs/disclosure.md" in line and "--home DIR" in line for line in lines)
