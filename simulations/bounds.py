"""Whether bounds for true outcomes hold the truth, and how wide they are against those of the whole population.

Belongs here: populations with true outcomes, reporting inside a declared range, unfounded records, services that see
only some; the share of figures whose bounds hold the truth, and their width. Does not belong here: the bounds
(fairness_reports.identification).

Run: python -m simulations.bounds [--seed N] [--repeats N] [--out FILE]
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fairness_reports.identification import ObservationSpec, identify
from fairness_reports.identification.bounds import extremes
from fairness_reports.identification.counts import SplitCases
from fairness_reports.identification.figures import Cells, Figures
from fairness_reports.identification.forms import COMPARED, IN_SHARES
from fairness_reports.spec import OVERALL, ProtectedSpec

SEED = 20_261_122
RESULTS = Path(__file__).parent / "results" / "bounds.json"
GROUPS = ("a", "b", "c")
PROTECTED = ProtectedSpec(attributes=["region"], intersections="none")
SIZES = {1_000: 1.0, 5_000: 0.6, 20_000: 0.2, 100_000: 0.06}
"""Cases per group, and how often a cell of that size is repeated, as a share."""
CAPACITY = 0.25
LARGE = 1_000_000
"""Cases per group of the population whose bounds are the sharp ones."""

SCENARIOS: dict[str, dict[str, Any]] = {
    # declared ranges of reporting (group a, the others) and of unfounded records; where in the range the truth lies:
    # 0 the lower end, 1 the upper; `slope`: it moves through the range with the score
    "lower_edge": {"reporting": ((0.9, 1.0), (0.5, 0.8)), "unfounded": (0.0, 0.0), "at": (0.0, 0.0)},
    "upper_edge": {"reporting": ((0.9, 1.0), (0.5, 0.8)), "unfounded": (0.0, 0.0), "at": (1.0, 1.0)},
    "opposite_edges": {"reporting": ((0.9, 1.0), (0.5, 0.8)), "unfounded": (0.0, 0.2), "at": (1.0, 0.0)},
    "with_the_score": {"reporting": ((0.6, 0.9), (0.6, 0.9)), "unfounded": (0.0, 0.1), "at": (0.0, 0.0), "slope": 1},
    "against_the_score": {
        "reporting": ((0.6, 0.9), (0.6, 0.9)),
        "unfounded": (0.05, 0.2),
        "at": (0.0, 0.0),
        "slope": -1,
    },
    "rate_known": {"reporting": ((0.8, 0.8), (0.6, 0.6)), "unfounded": (0.0, 0.0), "at": (0.0, 0.0)},
    "served_only": {"reporting": ((1.0, 1.0), (1.0, 1.0)), "unfounded": (0.0, 0.0), "at": (1.0, 1.0), "served": 0.8},
    "served_and_reporting": {
        "reporting": ((0.9, 1.0), (0.7, 1.0)),
        "unfounded": (0.0, 0.1),
        "at": (0.0, 0.0),
        "served": 0.9,
    },
}


@dataclass(frozen=True)
class Cell:
    """One setting: scenario, cases per group, base rate, how often it is repeated."""

    scenario: str
    cases: int
    rate: float
    repeats: int
    seed: int


def declaration(scenario: str) -> ObservationSpec:
    """What the scenario's service declares."""
    world = SCENARIOS[scenario]
    (first, others), wrong = world["reporting"], world["unfounded"]
    return ObservationSpec.model_validate(
        {
            "outcomes_of": "all",  # unknown outcomes come as missing
            "reason": {"en": "simulated", "de": "simuliert"},
            "reporting": [
                {"at_least": others[0], "at_most": others[1]},
                {"at_least": first[0], "at_most": first[1], "attribute": "region", "group": "a"},
            ],
            "unfounded": [{"at_least": wrong[0], "at_most": wrong[1]}],
        }
    )


def draw(generator: np.random.Generator, scenario: str, cases: int, rate: float) -> tuple[pd.DataFrame, np.ndarray]:
    """Scored cases in households of one to four, as recorded, and their true outcomes.

    Who is selected depends on a fixed score, so that the population's figures do not move with the sample.
    """
    world = SCENARIOS[scenario]
    rows = cases * len(GROUPS)
    sizes = generator.choice([1, 2, 3, 4], p=[0.4, 0.3, 0.2, 0.1], size=rows)
    household = np.repeat(np.arange(rows), sizes)[:rows]
    shared = generator.normal(size=household[-1] + 1)[household]
    rank = generator.normal(size=rows) * 0.8 + 0.6 * shared  # standard normal
    region = generator.choice(GROUPS, rows)
    # P(true outcome | rank) averages to the rate: probit
    from scipy.special import ndtr, ndtri

    level = float(ndtri(rate)) * np.sqrt(1 + 0.7**2)
    chance = ndtr(level + 0.7 * rank + np.where(region == "c", 0.15, 0.0))
    truth = (generator.random(rows) < chance).astype(float)
    at = np.where(region == "a", *world["at"])
    if slope := world.get("slope"):
        at = ndtr(slope * 1.5 * rank)
    low, high = (np.where(region == "a", world["reporting"][0][i], world["reporting"][1][i]) for i in (0, 1))
    answered = (truth == 1) & (generator.random(rows) < low + at * (high - low))
    # of recorded outcomes the share f did not happen, whatever the cell: as many unfounded ones as that takes
    wrong = world["unfounded"][0] + at * (world["unfounded"][1] - world["unfounded"][0])
    expected = chance * (low + at * (high - low)) * wrong / (1 - wrong)
    unfounded = (truth == 0) & (generator.random(rows) < np.minimum(expected / (1 - chance), 1))
    outcome = (answered | unfounded).astype(float)
    if served := world.get("served"):
        outcome[generator.random(rows) > served + (1 - served) * ndtr(rank)] = np.nan
    table = pd.DataFrame(
        {
            "split": "test",
            "case_id": np.arange(rows),
            "cluster_id": household,
            "score": ndtr((level + 0.7 * rank) / 1.0),
            "selected": rank > ndtri(1 - CAPACITY),
            "outcome": outcome,
            "attribute region": region,
        }
    )
    return table, truth


def wanted(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of an audit with what identification reads: values, gaps to everybody and to a group, ratios."""
    found = [(OVERALL, OVERALL, metric, "value", None) for metric in COMPARED]
    for group in GROUPS:
        found += [("region", group, metric, "value", None) for metric in (*COMPARED, *IN_SHARES)]
        for reference in (OVERALL, "a"):
            if group == reference:
                continue
            found += [("region", group, metric, "difference", reference) for metric in COMPARED]
            found += [("region", group, m, "ratio", reference) for m in COMPARED if not m.startswith("calibration")]
    audit = pd.DataFrame(found, columns=["attribute", "group", "metric", "comparison", "reference"])
    return audit.assign(
        split="test",
        band="all",
        value=-99.0,
        low=np.nan,
        high=np.nan,
        n=_cases(table, audit),
        identification=None,
        bound_low=np.nan,
        bound_high=np.nan,
        state="not_judged",
        confirmatory=False,
        needed_n=pd.array([None] * len(audit), dtype="Int64"),
        tipping_point=np.nan,
        reason=None,
    )


def _cases(table: pd.DataFrame, audit: pd.DataFrame) -> list[int]:
    """What the figures on recorded outcomes rest on."""
    parts = {group: table[table["attribute region"] == group] for group in GROUPS} | {OVERALL: table}
    known: dict[tuple[str, str], int] = {}
    for group, part in parts.items():
        yes, no, selected = part["outcome"] == 1, part["outcome"] == 0, part["selected"]
        kinds = {
            "tpr": yes,
            "fnr": yes,
            "fpr": no,
            "tnr": no,
            "npv": ~selected & (yes | no),
            "for": ~selected & (yes | no),
        }
        kinds |= dict.fromkeys(("ppv", "fdr", "calibration_selected"), selected & (yes | no))
        for metric in (*COMPARED, *IN_SHARES):
            known[group, metric] = int(kinds.get(metric, yes | no).sum())
    return [known[row.group, row.metric] for row in audit.itertuples()]


def sharp(
    table: pd.DataFrame, audit: pd.DataFrame, observation: ObservationSpec | None
) -> tuple[np.ndarray, np.ndarray]:
    """Bounds without sampling error; of true outcomes and no declaration, the figures themselves."""
    split = SplitCases(table, PROTECTED, observation, 1, None)
    low, high = np.full(len(audit), np.nan), np.full(len(audit), np.nan)
    for attribute in (OVERALL, "region"):
        mine = (audit["attribute"] == attribute).to_numpy()
        counted = split.partition(attribute, banded=False)
        figures, _ = Figures.of(audit[mine], counted)
        found = extremes(Cells.of(figures, counted, split.everybody).problems(figures, split.ranges)[0])
        low[mine], high[mine] = found.low, found.high
    return low, high


def population(scenario: str, rate: float, seed: int, cases: int = LARGE) -> dict[str, np.ndarray]:
    """The truth and the sharp bounds of a population, for the rows of `wanted`."""
    generator = np.random.default_rng([seed, 0, list(SCENARIOS).index(scenario), round(rate * 1000)])
    table, truth = draw(generator, scenario, cases, rate)
    table["cluster_id"] = 0  # nothing here needs clusters
    audit = wanted(table)
    low, high = sharp(table, audit, declaration(scenario))
    true, _ = sharp(table.assign(outcome=truth), audit, None)
    return {"low": low, "high": high, "true": true}


def run_cell(cell: Cell, whole: dict[str, np.ndarray] | None = None) -> dict[str, Any]:
    """Coverage of the truth and width against the population's bounds, row by row of the audit and over them."""
    known = population(cell.scenario, cell.rate, cell.seed) if whole is None else whole
    held, widths, told, bare = [], [], [], []
    for repeat in range(cell.repeats):
        place = [cell.seed, 1 + repeat, list(SCENARIOS).index(cell.scenario), round(cell.rate * 1000), cell.cases]
        table, _ = draw(np.random.default_rng(place), cell.scenario, cell.cases, cell.rate)
        audit = wanted(table)
        result = identify(audit, table, PROTECTED, declaration(cell.scenario))
        low, high = (result[name].to_numpy(dtype=np.float64) for name in ("bound_low", "bound_high"))
        told.append((result["identification"] == "bounded").to_numpy())
        held.append((low <= known["true"]) & (known["true"] <= high))
        widths.append(high - low)
        bare.append(np.subtract(*sharp(table, audit, declaration(cell.scenario))[::-1]))
    bounded = np.all(told, axis=0)
    coverage = np.mean(held, axis=0)[bounded]
    width = np.mean(widths, axis=0)[bounded]
    own = (known["high"] - known["low"])[bounded]
    audit = audit[bounded]
    # where a point is known up to sampling, there is no width to compare with
    wide = own > 1e-6
    over = np.where(wide, width / np.where(wide, own, 1), np.nan)
    bare_over = np.where(wide, np.mean(bare, axis=0)[bounded] / np.where(wide, own, 1), np.nan)
    kinds = {
        kind: {
            "coverage": round(float(coverage[rows].mean()), 4),
            "width_ratio": round(float(np.nanmedian(over[rows])), 4) if wide[rows].any() else None,
        }
        for kind in ("value", "difference", "ratio")
        if (rows := (audit["comparison"] == kind).to_numpy()).any()
    }
    return {
        **asdict(cell),
        "figures": int(bounded.sum()),
        "coverage": round(float(coverage.mean()), 4),
        "lowest_coverage": round(float(coverage.min()), 4),
        "monte_carlo_error": round(
            float(np.std(np.mean(np.array(held)[:, bounded], axis=1), ddof=1) / np.sqrt(cell.repeats)), 5
        )
        if cell.repeats > 1
        else None,
        "width_ratio": round(float(np.nanmean(over)), 4) if wide.any() else None,
        "width_ratio_median": round(float(np.nanmedian(over)), 4) if wide.any() else None,
        "widest_ratio": round(float(np.nanmax(over)), 4) if wide.any() else None,
        "share_within_1.1": round(float((over[wide] <= 1.1).mean()), 4) if wide.any() else None,
        "width_ratio_without_sampling": round(float(np.nanmean(bare_over)), 4) if wide.any() else None,
        "kinds": kinds,
    }


def cells(seed: int, repeats: int) -> list[Cell]:
    """All cells."""
    return [
        Cell(scenario, cases, rate, max(round(repeats * share), 2), seed)
        for scenario in SCENARIOS
        for rate in (0.1, 0.3)
        for cases, share in SIZES.items()
    ]


def run_world(todo: list[Cell]) -> list[dict[str, Any]]:
    """The sizes of one scenario and rate: they share a population."""
    whole = population(todo[0].scenario, todo[0].rate, todo[0].seed)
    return [run_cell(cell, whole) for cell in todo]


def main() -> None:
    """Run the study; progress to stderr, the result to a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--repeats", type=int, default=70, help="of each cell with 1,000 cases per group")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    todo = cells(options.seed, options.repeats)
    worlds = [todo[i : i + len(SIZES)] for i in range(0, len(todo), len(SIZES))]
    found: list[dict[str, Any]] = []
    with ProcessPoolExecutor(options.processes) as pool:
        for rows in pool.map(run_world, worlds):
            found += rows
            for row in rows:
                print({k: v for k, v in row.items() if k not in {"kinds", "seed"}}, file=sys.stderr, flush=True)
    result = {
        "seed": options.seed,
        "versions": {"numpy": np.__version__, "pandas": pd.__version__},
        "level": 0.95,
        "seeds": sum(cell.repeats for cell in todo),
        "cells": found,
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
