"""Where a gap comes from: planted factors and proxies are found, groups too small or alike are named with a reason."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data_contracts.errors import PlumblineError
from fairness_reports.audit import COLUMNS
from fairness_reports.origins import carriers, origins, strongest_proxies
from fairness_reports.origins.proxies import CASES, SHARED, _area
from fairness_reports.spec import OVERALL, ProtectedSpec
from features.spec import Column
from models.dataset import Rows
from models.model import Audited, fit_model
from models.spec import CandidateSpec
from tests.fairness_reports_origins_data import AS_OF, ONE, Cases, cases, reveal, row

FEATURES = tuple(
    Column(name, name, factor, "event_count")
    for name, factor in [("visits", "contact"), ("calls", "contact"), ("absence", "school"), ("noise", "noise")]
)
SEX = ProtectedSpec(attributes=["sex"], intersections="none")


def planted(n: int = 1200, seed: int = 0) -> tuple[Rows, pd.DataFrame]:
    """A linear model's rows: women differ in contact alone, and contact carries the score."""
    rng = np.random.default_rng(seed)
    sex = rng.choice(["f", "m"], n)
    X = pd.DataFrame(rng.normal(size=(n, 4)), columns=[column.name for column in FEATURES])
    X["visits"] += 0.8 * (sex == "f")
    X["calls"] += 0.4 * (sex == "f")
    line = X["visits"] + X["calls"] + X["absence"]
    frame = pd.DataFrame(
        {
            "case_id": [f"c{i}" for i in range(n)],
            "as_of": pd.Timestamp(AS_OF),
            "cluster_id": [f"k{i // 2}" for i in range(n)],
            "outcome": (rng.random(n) < 1 / (1 + np.exp(-line))).astype(float),
        }
    )
    groups = frame[["case_id", "as_of"]].assign(sex=sex)
    return Rows(frame, X, FEATURES), groups


def audited(rows: Rows, parts: int = 1) -> Audited:
    spec = CandidateSpec.model_validate({"name": "logistic"})
    y, clusters = rows.frame["outcome"].to_numpy(), rows.frame["cluster_id"].to_numpy(dtype=object)
    fitted = tuple(
        fit_model(spec, rows.X, y, clusters, seed=seed, calibration_share=0.3, columns=FEATURES)
        for seed in range(parts)
    )
    return Audited(fitted, 1)


def found(
    rows: Rows, groups: pd.DataFrame, parts: int = 1, protected: ProtectedSpec = SEX, **more: object
) -> pd.DataFrame:
    fixed = {"split": "2026", "as_of": AS_OF, "minimum_cell": 10, "seed": 1}
    outcome = rows.frame["outcome"].to_numpy()
    return origins(audited(rows, parts), rows, outcome, groups, protected, **{**fixed, **more})


def test_the_factor_that_carries_the_gap_is_named() -> None:
    rows, groups = planted()
    table = found(rows, groups.sample(frac=1, random_state=1))
    assert tuple(table.columns) == COLUMNS
    assert set(table["split"]) == {"2026"}
    assert set(table["as_of"]) == {AS_OF}
    gap = {
        metric: row(table, metric, "f", band="all")
        for metric in ("contribution[contact]", "contribution[school]", "contribution[noise]", "raw")
    }
    assert gap["contribution[contact]"]["low"] > 0.3
    assert abs(gap["contribution[school]"]["value"]) < 0.1
    assert gap["contribution[noise]"]["low"] < 0 < gap["contribution[noise]"]["high"]
    # women's contact is .6 higher than everybody's, times a weight of about 1
    assert gap["raw"]["value"] == pytest.approx(0.6, abs=0.15)
    assert gap["contribution[contact]"]["value"] > 0.8 * gap["raw"]["value"]
    assert gap["raw"]["n"] == (groups["sex"] == "f").sum()
    assert (gap["raw"]["reference"], gap["raw"]["comparison"], gap["raw"]["state"]) == (
        OVERALL,
        "difference",
        "not_judged",
    )
    named = carriers(table, "sex", "f")
    assert named["factor"].tolist() == ["contact"]
    assert named["share"][0] == gap["contribution[contact]"]["value"] / gap["raw"]["value"]
    assert named["low"][0] == gap["contribution[contact]"]["low"]
    assert carriers(table, "sex", "m")["factor"].tolist() == ["contact"]
    assert carriers(table, "sex", "x").empty
    assert strongest_proxies(table, "sex") == ["visits", "calls"]
    assert strongest_proxies(table, "sex", limit=1) == ["visits"]
    assert strongest_proxies(table, "region") == []


def test_parts_add_a_term_for_what_they_start_from() -> None:
    rows, groups = planted(300)
    one, two = found(rows, groups), found(rows, groups, parts=2)
    assert "contribution[base value]" not in set(one["metric"])
    assert row(two, "contribution[base value]", "f", band="all")["value"] != 0


def test_bands_say_what_is_known_of_outcomes() -> None:
    rows, groups = planted(300)
    table = found(rows, groups, identification="bounded")
    told = table[table["metric"] == "raw"].groupby("band")["identification"].agg(set).to_dict()
    assert told == {"all": {"identified"}, "with outcome": {"bounded"}, "without outcome": {"bounded"}}
    rows.frame.loc[:, "outcome"] = 0.0
    outcome = np.zeros(300)
    fixed = {"split": "2026", "as_of": AS_OF, "minimum_cell": 10, "seed": 1}
    nobody = origins(audited(planted(300)[0]), rows, outcome, groups, SEX, **fixed)
    assert set(nobody.loc[nobody["band"] == "with outcome", "reason"]) == {"no outcomes"}
    assert set(nobody.loc[nobody["band"] == "with outcome", "identification"]) == {"undeclared"}
    assert row(nobody, "raw", "f", band="without outcome")["n"] == row(nobody, "raw", "f", band="all")["n"]


def test_a_named_reference_stands_beside_everybody() -> None:
    made = cases(600)
    table = made.fall(ONE, references={"region": "b"})
    everybody, named = (row(table, "raw", "a", band="all", reference=each) for each in (OVERALL, "b"))
    base = row(table, "raw", "b", band="all", reference=OVERALL)
    assert named["value"] == pytest.approx(everybody["value"] - base["value"], abs=1e-12)
    assert "b" not in set(table.loc[table["reference"] == "b", "group"])
    gone = made.fall(ONE, references={"region": "z"})
    assert set(gone.loc[gone["reference"] == "z", "reason"]) == {"reference group missing"}
    tiny = made.fall(ONE, references={"region": "rare"}, minimum_cell=100)
    assert {"reference too small"} <= set(tiny.loc[tiny["reference"] == "rare", "reason"])


def test_the_interval_of_a_group_against_another_is_that_of_two_means() -> None:
    # every case a household of its own: the textbook's two-sample interval, but for n - 1
    made = cases(400, factors=1)
    made = Cases(
        made.terms, made.base, made.outcome, made.groups, np.array([f"k{i}" for i in range(400)], dtype=object)
    )
    here = row(made.fall(ONE, references={"region": "b"}), "raw", "a", band="all", reference="b")
    a, b = (made.terms.loc[made.groups["region"] == name, "factor 0"] for name in "ab")
    half = (here["high"] - here["low"]) / 2
    assert half == pytest.approx(1.98 * np.sqrt(a.var() / len(a) + b.var() / len(b)), rel=0.01)


def test_a_group_is_part_of_everybody() -> None:
    made = cases(400, factors=1)
    made = Cases(made.terms, made.base, made.outcome, made.groups, np.arange(400).astype(str).astype(object))
    here = row(made.fall(ONE), "raw", "a", band="all", reference=OVERALL)
    mine = (made.groups["region"] == "a").to_numpy()
    a, others = made.terms.loc[mine, "factor 0"], made.terms.loc[~mine, "factor 0"]
    # the group minus everybody is the share of the others times the group minus the others
    spread = (~mine).mean() * np.sqrt(a.var() / len(a) + others.var() / len(others))
    assert (here["high"] - here["low"]) / 2 == pytest.approx(1.972 * spread, rel=0.01)


def test_small_groups_have_a_reason_and_stand_together() -> None:
    made = cases(400)
    region = made.groups["region"].astype(object).to_numpy(copy=True)
    region[:4], region[4:12], region[12:15] = "tiny", "small", None
    table = Cases(made.terms, made.base, made.outcome, made.groups.assign(region=region), made.clusters).fall(ONE)
    for name in ("tiny", "small", "not recorded"):
        rows = table[table["group"] == name]
        assert len(rows) == 4 * 3
        assert set(rows["reason"]) <= {"fewer than 10", "no outcomes"}
        assert rows[["value", "low", "high", "n"]].isna().all(axis=None)
    assert row(table, "raw", "small groups together", band="all")["n"] >= 15


def test_what_never_varies_is_no_finding() -> None:
    made = cases(300)
    flat = Cases(made.terms.assign(**{"factor 1": 0.4}), made.base, made.outcome, made.groups, made.clusters)
    table = flat.fall(ONE)
    term = table[(table["metric"] == "contribution[factor 1]") & (table["group"] == "a")]
    assert (term["value"] == 0).all()
    assert term[["low", "high"]].isna().all(axis=None)
    assert set(term["reason"]) == {"no variation"}
    equal = Cases(made.terms * 0, made.base, made.outcome, made.groups, made.clusters).fall(ONE)
    assert equal["value"].isna().all()
    assert "all scores equal" in set(equal["reason"])
    one = Cases(made.terms, made.base, made.outcome, made.groups.assign(region="a"), made.clusters).fall(ONE)
    assert set(one["reason"]) == {"one group only"}
    none = Cases(made.terms, made.base, made.outcome, made.groups.assign(region=None), made.clusters).fall(ONE)
    assert set(none["reason"]) == {"attribute never recorded"}
    family = np.where(made.groups["region"] == "a", "one family", made.clusters)
    alone = Cases(made.terms, made.base, made.outcome, made.groups, family).fall(ONE)
    assert set(alone.loc[alone["group"] == "a", "reason"]) == {"one cluster only"}


def test_no_factor_carries_a_gap_that_is_not_told_from_0() -> None:
    rows, groups = planted(600)
    table = found(rows, groups)
    raw = (table["metric"] == "raw") & (table["group"] == "f") & (table["band"] == "all")
    assert len(carriers(table, "sex", "f")) == 1
    table.loc[raw, "low"] = -0.01
    assert carriers(table, "sex", "f").empty


def test_missing_attributes_are_said_in_both() -> None:
    rows, groups = planted(300)
    table = found(rows, groups, protected=ProtectedSpec(attributes=["sex", "faith"], intersections="none"))
    faith = table[table["attribute"] == "faith"]
    assert faith[["metric", "group", "reason"]].values.tolist() == [
        ["raw", "not recorded", "attribute missing"],
        ["proxy_auc", "not recorded", "attribute missing"],
    ]


def test_terms_that_do_not_add_up_stop() -> None:
    made = cases(300)
    raw = made.base + made.terms.sum(axis=1).to_numpy()
    off = raw + 1e-6 * (made.groups["region"] == "a").to_numpy()
    with pytest.raises(PlumblineError, match="do not add up"):
        made.fall(ONE, raw=off)
    made.fall(ONE, raw=raw + 0.0)


def test_a_model_without_contributions_has_no_waterfall_but_proxies() -> None:
    rows, groups = planted(300)
    spec = CandidateSpec.model_validate({"name": "other", "class": "sklearn.naive_bayes.GaussianNB"})
    y, clusters = rows.frame["outcome"].to_numpy(), rows.frame["cluster_id"].to_numpy(dtype=object)
    other = fit_model(spec, rows.X, y, clusters, seed=1, calibration_share=0.3, columns=FEATURES)
    fixed = {"split": "2026", "as_of": AS_OF, "minimum_cell": 10, "seed": 1}
    table = origins(Audited((other,), 1), rows, y, groups, SEX, **fixed)
    assert table[~table["metric"].str.startswith("proxy")][["metric", "reason"]].values.tolist() == [
        ["raw", "no exact contributions"]
    ]
    assert row(table, "proxy_auc", "f")["value"] > 0.6


def test_attributes_are_joined_by_case() -> None:
    rows, groups = planted(100)
    with pytest.raises(PlumblineError, match="two rows of attributes"):
        found(rows, pd.concat([groups, groups.iloc[:1]]))
    with pytest.raises(PlumblineError, match="no case_id"):
        found(rows, groups[["sex"]])
    made = cases(20)
    short = Cases(made.terms, made.base, made.outcome, made.groups.iloc[:5], made.clusters)
    with pytest.raises(PlumblineError, match="do not fit together"):
        short.fall(ONE)


# Proxies


def test_a_feature_that_is_the_attribute_reveals_all_and_noise_nothing() -> None:
    rng = np.random.default_rng(4)
    region = rng.choice(list("abcdefg"), 1500, p=[0.3, 0.2, 0.2, 0.1, 0.1, 0.07, 0.03])
    X = pd.DataFrame({"coded": [list("dbgafec").index(each) for each in region], "noise": rng.normal(size=1500)})
    table = reveal(X, pd.DataFrame({"region": region}))
    for group in "abcdefg":
        assert row(table, "proxy_auc", group)["value"] == pytest.approx(1)
        coded, noise = (row(table, f"proxy_auc[{name}]", group) for name in ("coded", "noise"))
        assert coded["value"] == 1
        assert 0.85 < coded["low"] < 1
        assert noise["low"] < 0.5 < noise["high"]
    assert strongest_proxies(table, "region") == ["coded"]


def test_bends_and_missing_values_are_seen() -> None:
    rng = np.random.default_rng(5)
    group = rng.random(2000) < 0.3
    bend = rng.normal(size=2000) * np.where(group, 0.3, 1.5)  # the group sits in the middle: no ranking shows it
    gone = pd.Series(rng.normal(size=2000)).mask(rng.random(2000) < np.where(group, 0.6, 0.1))
    only = pd.Series(rng.normal(size=2000)).mask(group)  # nothing but whether it is there tells
    X = pd.DataFrame({"bend": bend, "gone": gone})
    table = reveal(X, pd.DataFrame({"g": np.where(group, "yes", "no")}))
    assert row(reveal(X.assign(only=only), pd.DataFrame({"g": group})), "proxy_auc[only]", "True")["value"] == 1
    assert row(table, "proxy_auc[bend]", "yes")["value"] > 0.75
    assert row(table, "proxy_auc[gone]", "yes")["value"] == pytest.approx(0.75, abs=0.04)
    both = row(table, "proxy_auc", "yes")
    assert both["value"] > 0.85
    other = row(table, "proxy_auc", "no")
    assert (both["value"], both["low"], both["high"], both["n"]) == tuple(other[["value", "low", "high", "n"]])


def test_areas_are_compared_inside_a_fold_only() -> None:
    fold = np.repeat(np.arange(5), 40)
    member = np.tile([1.0, 0.0, 0.0, 0.0], 50)
    figures, reason = _area(member - 10.0 * fold, member, fold, np.arange(200))
    assert (figures[0], reason) == (1, None)


def test_few_members_make_a_long_interval() -> None:
    rng = np.random.default_rng(9)
    member, score = np.repeat([1.0, 0.0], [8, 4000]), rng.normal(size=4008)
    score[:8] += 0.5
    (value, low, high), _ = _area(score, member, np.zeros(4008, dtype=np.int64), np.arange(4008))
    placed = np.array([(score[8:] < each).mean() for each in score[:8]])
    assert value == pytest.approx(placed.mean())
    half = (np.log(high / (1 - high)) - np.log(low / (1 - low))) / 2 * value * (1 - value)
    assert half == pytest.approx(2.365 * np.sqrt(SHARED * placed.var(ddof=1) / 8), rel=0.02)


def test_columns_of_a_category_are_one_feature() -> None:
    rng = np.random.default_rng(6)
    school = rng.integers(0, 3, 900)
    X = pd.DataFrame({f"school__{k}": school == k for k in range(3)})
    columns = [Column(name, "school", "school", "attribute_category", category=name[-1]) for name in X.columns]
    table = reveal(X, pd.DataFrame({"g": np.array(list("xyz"))[school]}), columns=columns)
    assert sorted(set(table["metric"])) == ["proxy_auc", "proxy_auc[school]"]
    assert (table["value"] == 1).all()


def test_proxies_that_cannot_be_told() -> None:
    rng = np.random.default_rng(7)
    g = np.array(["a"] * 150 + ["b"] * 145 + ["c"] * 5, dtype=object)
    X = pd.DataFrame({"noise": rng.normal(size=300), "same": 3.0, "empty": np.nan})
    table = reveal(X, pd.DataFrame({"g": g, "one": "x", "none": None}))
    assert set(table.loc[table["group"] == "c", "reason"]) == {"fewer than 10"}
    assert table.loc[table["group"] == "c", "n"].isna().all()
    for name in ("same", "empty"):
        told = row(table, f"proxy_auc[{name}]", "a")
        assert (told["reason"], told["n"]) == ("no variation", 300)
        assert np.isnan(told["value"])
    assert set(table.loc[table["attribute"] == "one", "reason"]) == {"one group only"}
    assert set(table.loc[table["attribute"] == "none", "reason"]) == {"attribute never recorded"}
    few = np.array([f"k{i % 4}" for i in range(150)] + [f"l{i}" for i in range(150)], dtype=object)
    assert row(reveal(X, pd.DataFrame({"g": g}), few), "proxy_auc", "a")["reason"] == "fewer than 6"
    alone = np.array(["k"] * 150 + [f"l{i}" for i in range(150)], dtype=object)
    assert row(reveal(X, pd.DataFrame({"g": g}), alone), "proxy_auc", "a")["reason"] == "one cluster only"


def test_a_large_test_is_sampled_by_households() -> None:
    rng = np.random.default_rng(8)
    n = CASES + 5000
    clusters = np.array([f"k{i // 3}" for i in range(n)], dtype=object)
    X, groups = pd.DataFrame({"u": rng.normal(size=n)}), pd.DataFrame({"g": rng.choice(["a", "b"], n)})
    first = row(reveal(X, groups, clusters), "proxy_auc", "a")
    assert CASES - 3 < first["n"] <= CASES
    order = rng.permutation(n)
    again = reveal(X.iloc[order].reset_index(drop=True), groups.iloc[order].reset_index(drop=True), clusters[order])
    assert row(again, "proxy_auc", "a")["value"] == first["value"]
    assert row(reveal(X, groups, clusters, seed=2), "proxy_auc", "a")["value"] != first["value"]


def test_the_committed_simulation_holds_what_the_page_says() -> None:
    content = json.loads((Path(__file__).parents[2] / "simulations" / "results" / "origins.json").read_text("utf-8"))
    rows = pd.DataFrame(content["rows"])
    undoubled = rows["figure"].str.startswith("undoubled")
    assert rows.loc[(rows["kind"] == "proxies") & ~undoubled, "coverage"].between(0.92, 1).all()
    assert rows.loc[rows["kind"] == "waterfall", "coverage"].between(0.9, 0.98).all()
    assert rows.loc[undoubled, "coverage"].max() < 0.95
