"""Scores and reasons of the open cohort are made some cases at a time: nothing depends on how many."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from features.spec import columns
from models.dataset import load_rows, open_rows
from models.model import Model
from models.registry import load_model
from models.scoring import score_open
from pipelines.packs import Pack, load_pack
from tests.whole_runs import NAME, Ran, World

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def copied(plain: Ran, tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """A copy of a home's warehouse, so that the home itself stays shut."""
    to = tmp_path_factory.mktemp("blocks") / "warehouse.duckdb"
    shutil.copy(plain.home / "warehouse.duckdb", to)
    return duckdb.connect(str(to))


@pytest.fixture(scope="module")
def pack(world: World) -> Pack:
    return load_pack(str(world.pack))


@pytest.fixture(scope="module")
def deployed(plain: Ran) -> Model:
    store = Path(plain.home / "mlartifacts" / NAME / "models")
    return load_model(store, plain.release.manifest["deployed_model"]["content_hash"])


def test_the_open_rows_are_those_that_are_picked_from_all(copied: duckdb.DuckDBPyConnection, pack: Pack) -> None:
    described = columns(pack.programme.features)
    whole = load_rows(copied, NAME, described).to_score()
    parts = list(open_rows(copied, NAME, described, block=97))
    assert len(parts) == -(-len(whole.X) // 97)
    assert len(parts) > 3
    for name in ("frame", "X"):
        together = pd.concat([getattr(part, name) for part in parts], ignore_index=True)
        pd.testing.assert_frame_equal(together, getattr(whole, name))


def test_scores_and_reasons_do_not_depend_on_the_block(
    copied: duckdb.DuckDBPyConnection, pack: Pack, deployed: Model, plain: Ran
) -> None:
    spec = pack.programme
    found = {
        block: list(score_open(copied, NAME, deployed, spec.features, spec.bands, spec.uncertainty, block=block))
        for block in (97, 100_000)
    }
    assert len(found[100_000]) == 1
    for name in ("scores", "reasons", "factors"):
        one, other = (pd.concat([getattr(part, name) for part in parts], ignore_index=True) for parts in found.values())
        if name == "reasons":  # pandas does not take the missing values of two equal lists for equal
            one, other = (frame.explode(["columns", "values"]).infer_objects() for frame in (one, other))
        pd.testing.assert_frame_equal(one, other, check_exact=True)
    published = plain.release.table("scores").set_index("case_id")["score"]
    made = found[100_000][0].scores.set_index("case_id")["score"]
    assert (made.reindex(published.index) == published).all()
