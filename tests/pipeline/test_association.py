"""A pack with a feature over other people, through the whole job: what it adds is told, what is theirs is not."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import pytest

from fairness_reports.verdict import judge
from models.ablation import BY_ASSOCIATION, DIFFERENCE, DIFFERENCES, is_ablation, without
from pipelines.cli import run_command
from pipelines.packs import load_pack
from tests import whole_runs
from tests.pack_copies import change
from tests.whole_runs import Ran, World

FACTOR = "others_referred"
FEATURE = {
    "name": "referrals_of_others_2y",
    "kind": "count",
    "factor": FACTOR,
    "events": {"type": "referral"},
    "window": "2y",
    "scope": "association",
}
LABEL = {"en": "Referrals about others at home", "de": "Meldungen über andere im Haushalt"}
REASON = {
    "en": "A baby has no records of its own yet.",
    "de": "Über einen Säugling ist noch nichts Eigenes erfasst.",
}

pytestmark = pytest.mark.slow


def _words(content: dict[str, Any]) -> None:
    content["factors"][FACTOR] = {"label": LABEL}


def _features(content: dict[str, Any]) -> None:
    content["features"].append(FEATURE)
    content["candidates"]["models"] = ["base_rate", "logistic"]


def _charter(content: dict[str, Any]) -> None:
    content["by_association"] = {"reason": REASON}


@pytest.fixture(scope="module")
def pack(runs_root: Path) -> Path:
    def make(folder: Path) -> None:
        whole_runs.make_pack(folder)
        for file, edit in (("words.yaml", _words), ("programme.yaml", _features), ("charter.yaml", _charter)):
            change(folder, file, edit)

    return whole_runs.shared(runs_root, "association_pack", make)


@pytest.fixture(scope="module")
def ran(world: World, runs_root: Path, pack: Path) -> Ran:
    return whole_runs.shared_run(runs_root, "association", lambda home: whole_runs.run(world, home, pack=pack))


def test_metrics_hold_the_model_without_these_records_and_the_differences(ran: Ran) -> None:
    assert ran.exit_code == 0, ran.text
    metrics, chosen = ran.release.table("metrics"), ran.release.manifest["audited_model"]
    assert chosen["name"] == "logistic"
    test = metrics[metrics["split"] == chosen["split"]].set_index(["model", "metric"])
    label = without("logistic")
    main = metrics[~metrics["model"].map(is_ablation) | metrics["model"].str.endswith(BY_ASSOCIATION)]
    assert set(main["model"]) == {"base_rate", "logistic", label}
    for metric in DIFFERENCES:
        one, other = test.loc[("logistic", metric)], test.loc[(label, metric)]
        less = test.loc[(label, metric + DIFFERENCE)]
        assert one["n"] == other["n"] == less["n"]
        assert less["value"] == pytest.approx(other["value"] - one["value"], abs=0.05), "each is rounded by itself"
        assert less["low"] <= less["high"]
    assert test.loc[(label, "base_rate"), "value"] == test.loc[("logistic", "base_rate"), "value"]
    assert set(test[test.index.get_level_values(1).str.endswith(DIFFERENCE)].index.get_level_values(0)) == {label}
    held = ran.release.table("backtest")
    tested = held[held["split"] == chosen["split"]].groupby("model")["case_id"].count()
    assert {"base_rate", "logistic", label} <= set(tested.index), "whoever may see it can recheck"
    assert tested.nunique() == 1


def test_the_verdict_rests_on_the_chosen_model_alone(ran: Ran, pack: Path) -> None:
    release, charter = ran.release, load_pack(str(pack)).charter
    metrics, fairness = release.table("metrics"), release.table("fairness")
    audited = release.manifest["audited_model"]
    found = []
    for rows in (metrics, metrics[~metrics["model"].map(is_ablation)]):
        verdict = judge(
            charter, rows, fairness, outcomes=200, non_outcomes=200, model=audited["name"], split=audited["split"]
        )
        found.append((verdict.verdict, [each.as_dict() for each in (*verdict.reasons, *verdict.met)]))
    assert found[0] == found[1]
    assert found[0][0] == release.manifest["verdict"] == "fit"
    met = {each["metric"]: each["value"] for each in release.manifest["met"] if each["code"] == "threshold_met"}
    test = metrics[(metrics["split"] == audited["split"]) & (metrics["model"] == "logistic")].set_index("metric")
    assert met == {"auc": pytest.approx(test.loc["auc", "value"], abs=0.03)}, "the manifest is exact, the table rounded"


def test_without_such_a_feature_nothing_is_added(plain: Ran) -> None:
    metrics = plain.release.table("metrics")
    assert not metrics["model"].str.endswith(BY_ASSOCIATION).any()
    assert "other people" not in plain.release.report("en", "explanations").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("code", "title", "tag"),
    [
        ("en", "Records about other people", "about other people"),
        ("de", "Angaben über andere Menschen", "über andere Menschen"),
    ],
)
def test_the_reports_tell_the_reason_and_what_these_records_add(ran: Ran, code: str, title: str, tag: str) -> None:
    page = ran.release.report(code, "explanations").read_text(encoding="utf-8")
    assert title in page
    assert REASON[code] in page
    assert f"{LABEL[code]} ({tag})" in page
    metrics = ran.release.table("metrics").set_index(["split", "model", "metric"])
    auc = metrics.loc[(ran.release.manifest["audited_model"]["split"], without("logistic"), "auc" + DIFFERENCE)]
    pairs = f"{abs(auc['value']) * 100:.1f}".replace(".", {"en": ".", "de": ","}[code])
    assert pairs in page[page.index(title) :].split("<table")[0]
    assert f"{LABEL[code]} ({tag})" in ran.release.report(code, "model_card").read_text(encoding="utf-8")


def test_reasons_hold_nothing_of_other_people_but_that_something_is_recorded(ran: Ran) -> None:
    table = ran.release.table("explanations")
    others = table[table["factor"] == FACTOR]
    assert len(others) == table["case_id"].nunique()
    assert others["value"].isna().all()
    assert others["evidence_age_days"].isna().all()
    assert set(others["evidence_count"]) == {0, 1}
    assert others["evidence_ids"].map(len).sum() == 0
    own = table[table["factor"] == "referrals"]
    assert own["value"].notna().all()
    assert own["evidence_count"].max() > 1
    matrix = ran.matrix()
    cells = matrix[matrix["as_of"] == matrix["as_of"].max()].set_index("case_id")["referrals_of_others_2y"]
    told = others.set_index("case_id")["evidence_count"]
    assert ((cells.loc[told.index] > 0) == (told == 1)).all()
    assert cells.max() > 1, "there is a number to hide"


def test_a_case_in_words_names_no_value_of_other_people(ran: Ran, pack: Path) -> None:
    table = ran.release.table("explanations")
    strong = table[(table["factor"] == FACTOR) & (table["evidence_count"] == 1)].sort_values("rank")["case_id"].iloc[0]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert run_command(["explain", str(pack), str(strong), "--home", str(ran.home)]) == 0
    text = " ".join(out.getvalue().split())
    assert text.count(LABEL["en"]) == 1
    said = text.split(f"{LABEL['en']} (about other people): something is recorded. [")[1].split("*")[0]
    assert not set("0123456789") & set(said), "no number, no date, no record"
