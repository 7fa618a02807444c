"""How often the audit's intervals hold the truth, how often it raises a false alarm, how often it finds a real gap.

Belongs here: the settings, what is counted, the result.
Does not belong here: the made-up splits and their truth (simulations.fairness_world), the audit (fairness_reports).

Run: python -m simulations.fairness [--seed N] [--seeds N] [--out FILE] [--parts FILE]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from fairness_reports.audit.estimates import Confidence, RatioEstimate
from fairness_reports.audit.metrics import DIFFERENCES, QUOTIENTS
from fairness_reports.audit.pairs import extreme_gap, extreme_ratio
from fairness_reports.audit.partitions import Measured, Partition, measure
from fairness_reports.spec import ProtectedSpec
from simulations.fairness_world import GROUPS, Truth, World, draw, draw_for_power, truth

Array = NDArray[np.float64]

SEED = 20_261_122
"""Of the committed result. The intervals were developed on seeds 1 and 2."""
RESULTS = Path(__file__).parent / "results" / "fairness.json"
RATES = (0.05, 0.2, 0.5)
HOUSEHOLDS = 1_400
MINIMUM, REPLICATES = 10, 1_000
CHUNK = 50
"""Splits of a part: what is kept when a run is interrupted."""
CLASSES = (30, 100, 300)
"""Where one class of denominators ends and the next begins."""
NAMES = ("10-29", "30-99", "100-299", "300 and more")
MIRRORED = {"fnr": "tpr", "tnr": "fpr", "fdr": "ppv", "for": "npv"}
"""1 minus another metric: the same interval turned round, except as a ratio."""
FAMILY = ("tpr", "fpr", "ppv")
"""The confirmatory family: these metrics in all groups of both attributes, against everybody or the first group."""
MANY = 1_000
"""Intervals of a cell that is looked at by itself: the standard error of its coverage is at most .007."""
SPEC = ProtectedSpec(attributes=list(GROUPS), intersections=[])
POSITIVES, GAP = 2_000, 0.10
FIRST = 4
"""So many splits of each setting are kept by themselves, for a test that runs them again."""

Counts = Counter[str]


@dataclass(frozen=True)
class Part:
    """Some splits of one setting.

    Attributes
    ----------
    study : str
        `coverage` (groups differ), `alarms` (they do not) or `power` (one recall gap of .10).
    rate : float
        Base rate.
    first, last : int
        The splits, the last not included.
    seed : int
        Of the study.
    """

    study: str
    rate: float
    first: int
    last: int
    seed: int


def measured(rows: Any, seed: list[int]) -> Measured:
    """What `audit` measures, without the second opinion of fairlearn, whose points are the same (tests hold them)."""
    with patch("fairness_reports.audit.partitions.fairlearn_points", lambda totals: {}):
        return measure(rows, SPEC, [], MINIMUM, seed, REPLICATES, [0.2])


def run(part: Part) -> Counts:
    """Counts of a part; each split has a generator of its own, so that any part can be run alone."""
    counts: Counts = Counter()
    for split in range(part.first, part.last):
        at = [part.seed, round(part.rate * 1000), ("coverage", "alarms", "power").index(part.study), split]
        generator = np.random.default_rng(at)
        if part.study == "power":
            rows = draw_for_power(part.rate, generator, POSITIVES, GAP)
            _power(measured(rows, at), counts)
            continue
        world = World(part.rate, part.study == "coverage")
        found = measured(draw(world, generator, HOUSEHOLDS), at)
        if part.study == "coverage":
            _coverage(found, truth(world), counts)
        else:
            _alarms(found, counts)
    return counts


def _coverage(found: Measured, true: Truth, counts: Counts) -> None:
    for partition in found.partitions:
        attribute = partition.groups.attribute
        real = true.values[attribute]
        for metric, estimate in partition.estimates.items():
            if metric not in real:
                continue
            if metric not in MIRRORED:
                _count(counts, f"value {metric}", real[metric], *estimate.limits(Confidence()), estimate.cases)
            if attribute == "overall" or metric not in DIFFERENCES:
                continue
            references = {"overall": (found.everybody.estimates[metric], true.values["overall"][metric])}
            references["group"] = estimate, real[metric]
            for name, (base, base_true) in references.items():
                others = np.arange(len(real[metric])) >= (name == "group")  # the first group is the reference
                cases = np.where(others, np.fmin(estimate.cases, base.cases[0]), np.nan)
                if np.isnan(base.value[0]):
                    continue
                if metric not in MIRRORED:
                    limits = estimate.gap_limits(base, 0, Confidence())
                    _count(counts, f"difference to {name} {metric}", real[metric] - base_true[0], *limits, cases)
                if isinstance(estimate, RatioEstimate) and isinstance(base, RatioEstimate) and metric in QUOTIENTS:
                    limits = estimate.quotient_limits(base, 0, Confidence())
                    _count(counts, f"ratio to {name} {metric}", real[metric] / base_true[0], *limits, cases)
            if metric not in MIRRORED:
                _extremes(counts, metric, partition, real[metric])


def _extremes(counts: Counts, metric: str, partition: Partition, real: Array) -> None:
    """Whether the simultaneous interval holds the gap of the pair named and the largest gap there truly is."""
    estimate = partition.estimates[metric]
    shown = ~np.isnan(estimate.value)
    cases = np.array([np.min(estimate.cases[shown], initial=np.inf)])
    pair = extreme_gap(estimate, shown)
    if pair is not None:
        gaps = np.array([real[pair.high] - real[pair.low], real[shown].max() - real[shown].min()])
        held = np.where(((pair.low_limit <= gaps) & (gaps <= pair.high_limit)).all(), gaps[0], np.nan)
        _count(
            counts, f"largest gap {metric}", held[None], np.array([pair.low_limit]), np.array([pair.high_limit]), cases
        )
    if not isinstance(estimate, RatioEstimate) or metric not in QUOTIENTS:
        return
    pair = extreme_ratio(estimate, shown)
    if pair is not None:
        ratios = np.array([real[pair.low] / real[pair.high], real[shown].min() / real[shown].max()])
        held = np.where(((pair.low_limit <= ratios) & (ratios <= pair.high_limit)).all(), ratios[0], np.nan)
        low, high = np.array([pair.low_limit]), np.array([pair.high_limit])
        _count(counts, f"smallest ratio {metric}", held[None], low, high, cases)


def _count(counts: Counts, what: str, real: Array, low: Array, high: Array, cases: Array) -> None:
    """Count the intervals that hold the truth, by class of their denominator; and figures without an interval."""
    limits, held = ~np.isnan(low), (low <= real) & (real <= high)
    for size, covered, limited, too_low in zip(cases, held, limits, limits & (real < low), strict=True):
        if size >= MINIMUM:
            key = f"{what}|{NAMES[bisect_right(CLASSES, size)]}"
            for name, counted in zip(
                ("shown", "intervals", "held", "below"), (1, limited, covered, too_low), strict=True
            ):
                counts[f"{key}|{name}"] += int(counted)


def _family(found: Measured, reference: str) -> Iterator[tuple[str, Array, Array]]:
    """Metric and limits, at family level and alone, of all gaps of the family."""
    pairs = [
        (each.groups.attribute, metric, each.estimates[metric], found.everybody.estimates[metric])
        for each in found.partitions[1:]
        for metric in FAMILY
    ]
    bases = [overall if reference == "overall" else own for _, _, own, overall in pairs]
    gaps = [own.value - base.value[0] for (_, _, own, _), base in zip(pairs, bases, strict=True)]
    if reference != "overall":
        gaps = [np.concatenate([[np.nan], gap[1:]]) for gap in gaps]
    together = Confidence.family(sum(int((~np.isnan(gap)).sum()) for gap in gaps))
    for (attribute, metric, own, _), base, gap in zip(pairs, bases, gaps, strict=True):
        shown = ~np.isnan(gap)
        for level, confidence in (("family", together), ("alone", Confidence())):
            low, high = own.gap_limits(base, 0, confidence)
            yield f"{level} {attribute} {metric}", low[shown], high[shown]


def _alarms(found: Measured, counts: Counts) -> None:
    """Whether any interval of the family excludes 0, which is the truth."""
    for reference in ("overall", "group"):
        excluded = [
            bool(((low > 0) | (high < 0)).any())
            for name, low, high in _family(found, reference)
            if name.startswith("family")
        ]
        counts[f"alarms, against {reference}|splits"] += 1
        counts[f"alarms, against {reference}|raised"] += any(excluded)


def _power(found: Measured, counts: Counts) -> None:
    """Whether the last group's recall is told from the first group's, and from everybody's."""
    for reference in ("overall", "group"):
        for name, low, high in _family(found, reference):
            level, attribute, metric = name.split()
            if metric == "tpr":
                counts[f"power, {level}, {attribute}, against {reference}|splits"] += 1
                counts[f"power, {level}, {attribute}, against {reference}|found"] += bool(low[-1] > 0 or high[-1] < 0)


def parts(seed: int, seeds: int) -> Iterator[Part]:
    """All parts, rates in turn: of every five splits for coverage two for alarms, at last a few with more rows."""
    for start in range(0, seeds, CHUNK):
        for rate in RATES:
            yield Part("coverage", rate, start, min(start + CHUNK, seeds), seed)
            if start < seeds * 2 // 5:
                yield Part("alarms", rate, start, min(start + CHUNK, seeds), seed)
    for start in range(0, seeds // 25, CHUNK):
        for rate in RATES:
            yield Part("power", rate, start, min(start + CHUNK, seeds), seed)


def result(seed: int, done: dict[Part, Counts]) -> dict[str, Any]:
    """Everything counted, by study and base rate, as rates."""
    import numba
    import scipy

    by: dict[tuple[str, float], Counts] = {}
    for part in sorted(done, key=lambda each: (each.study, each.rate, each.first)):
        by.setdefault((part.study, part.rate), Counter()).update(done[part])
    cells = []
    for (study, rate), counts in by.items():
        splits = sum(part.last - part.first for part in done if (part.study, part.rate) == (study, rate))
        for key in sorted({key.rpartition("|")[0] for key in counts}):
            one = {"study": study, "rate": rate, "splits": splits}
            if study == "coverage":
                what, _, size = key.partition("|")
                kind, _, metric = what.rpartition(" ")
                n, held = counts[f"{key}|intervals"], counts[f"{key}|held"]
                one |= {"kind": kind, "metric": metric, "cases": size, "shown": counts[f"{key}|shown"], "intervals": n}
                if n:
                    one |= {"coverage": round(held / n, 4), "missed_above": counts[f"{key}|below"]}
            else:
                n = counts[f"{key}|splits"]
                one |= {
                    "what": key,
                    "share": round(counts[f"{key}|{'raised' if study == 'alarms' else 'found'}"] / n, 4),
                }
            cells.append(one)
    versions = {"numpy": np.__version__, "scipy": scipy.__version__, "numba": numba.__version__}
    first = [Part(study, rate, 0, FIRST, seed) for study in ("coverage", "alarms") for rate in RATES]
    return {
        "seed": seed,
        "versions": versions,
        "households": HOUSEHOLDS,
        "replicates": REPLICATES,
        "totals": totals(cells),
        "cells": cells,
        "first": [{"part": asdict(part), "counts": run(part)} for part in first],
    }


def totals(cells: list[dict[str, Any]]) -> dict[str, Any]:
    """By kind and size of the denominator: mean coverage, and the lowest and highest of cells with many intervals."""
    found: dict[str, Any] = {}
    for kind in sorted({cell["kind"] for cell in cells if cell["study"] == "coverage"}):
        for size in NAMES:
            here = [cell for cell in cells if (cell.get("kind"), cell.get("cases")) == (kind, size)]
            many = [cell for cell in here if cell["intervals"] >= MANY]
            if not many:
                continue
            intervals = sum(cell["intervals"] for cell in here)
            mean = sum(cell["coverage"] * cell["intervals"] for cell in here if cell["intervals"]) / intervals
            low, high = (f(many, key=lambda cell: cell["coverage"]) for f in (min, max))
            found[f"{kind}, {size}"] = {
                "coverage": round(mean, 4),
                "intervals": intervals,
                "cells": len(many),
                "lowest": [low["coverage"], low["metric"], low["rate"], low["intervals"]],
                "highest": [high["coverage"], high["metric"], high["rate"], high["intervals"]],
            }
    return found


def main() -> None:
    """Run the study; finished parts are kept in a file, from which an interrupted run goes on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--seeds", type=int, default=5_000, help="splits of each base rate, for coverage")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--parts", type=Path, help="default: in the folder for temporary files")
    options = parser.parse_args()
    file = options.parts or Path(tempfile.gettempdir()) / f"plumbline-fairness-{options.seed}.jsonl"
    done: dict[Part, Counts] = {}
    for line in file.read_text().splitlines() if file.exists() else []:
        kept = json.loads(line)
        done[Part(**kept["part"])] = Counter(kept["counts"])
    left = [part for part in parts(options.seed, options.seeds) if part not in done]
    with ProcessPoolExecutor(options.processes) as pool, file.open("a") as kept_file:
        for part, counts in zip(left, pool.map(run, left), strict=True):
            done[part] = counts
            kept_file.write(json.dumps({"part": asdict(part), "counts": counts}) + "\n")
            kept_file.flush()
            print(len(done), part, file=sys.stderr, flush=True)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result(options.seed, done), indent=1) + "\n")


if __name__ == "__main__":
    main()
