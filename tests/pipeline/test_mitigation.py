"""Ways to shrink a gap, compared on the warehouse of a whole run."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from fairness_reports.language import Language
from fairness_reports.mitigation import MitigationSpec
from fairness_reports.mitigation.compare import compare_options
from fairness_reports.mitigation.frontier import frontier
from fairness_reports.mitigation.words import cost_in_words
from fairness_reports.release_tables import to_arrow
from features.spec import columns
from models.cohorts import group_values
from models.dataset import load_rows
from models.splits import temporal_splits
from models.training import Trainer
from pipelines.packs import load_pack
from tests.fairness_reports_mitigation_data import pick
from tests.whole_runs import NAME, Ran, World


def test_what_each_way_would_have_changed(world: World, plain: Ran, tmp_path: Path) -> None:
    pack = load_pack(str(world.pack))
    spec, charter = pack.programme, pack.charter
    shutil.copyfile(plain.home / "warehouse.duckdb", tmp_path / "warehouse.duckdb")
    options = ["drop_proxies", "coarsen_proxies", "reweigh", "threshold_optimizer", "grid_search"]
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as con:
        rows = load_rows(con, NAME, columns(spec.features))
        groups = group_values(con, NAME, spec.protected.attributes)
    splits = temporal_splits(rows.frame, spec.splits)
    trainer = Trainer(spec.candidates, spec.seed, spec.splits.folds, spec.splits.min_class)
    table = compare_options(
        rows,
        splits,
        trainer,
        MitigationSpec(compare=options, attribute="community"),
        charter,
        groups,
        trainer.candidate("hist_gradient_boosting"),
        share=charter.capacity.share or 0.25,
        seed=spec.seed,
        minimum_cell=charter.minimum_cell,
    )
    keys = ["option", "split", "role", "attribute", "group", "metric", "comparison", "reference"]
    assert len(to_arrow("mitigation", "open", table, keys, {})) == len(table)
    assert set(table["split"]) == {split.name for split in splits if split.role == "development"}
    assert max(pd.to_datetime(table["as_of"])) < pd.Timestamp(splits[-1].as_of)
    told = plain.query(f'SELECT * FROM models."{NAME}__metrics"')  # the open part is rounded
    for metric in ("auc", "recall_at_capacity", "precision_at_capacity", "brier"):
        mine = pick(table, option="as_is", metric=metric, comparison="value")
        theirs = told[(told["model"] == "hist_gradient_boosting") & (told["split"] == mine["split"])]
        assert mine["value"] == pytest.approx(pick(theirs, metric=metric)["value"], abs=1e-9), metric
    assert set(frontier(table)["option"]) <= {"as_is", *options}
    for option, part in table.groupby("option"):
        said = {language: cost_in_words(part, Language(language)) for language in ("en", "de")}
        assert said["en"] != said["de"], option
