"""The attack on open tables, at length: how far each withheld count of whole releases is pinned by what is told.

Belongs here: which releases and splits are attacked, how many withheld counts of each, the figures of the result.
Does not belong here: the attack (tests.fairness_reports_attack), what may be told (fairness_reports.disclosure).

Run: python -m simulations.disclosure RELEASE [RELEASE ...] [--seed N] [--most N] [--out FILE]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.fairness_reports_attack import programme_of

SEED = 20_261_122
MOST = 60
"""Withheld counts per split: each takes two linear programmes of some thousand unknowns."""
RESULTS = Path(__file__).parent / "results" / "disclosure.json"


def attacked(release: Path, seed: int, most: int) -> list[dict[str, Any]]:
    """One row per split of a release.

    Parameters
    ----------
    release : Path
        Its folder; nothing is read but the manifest's rules and open/fairness.parquet.
    seed : int
        Which of the withheld counts are attacked.
    most : int
        How many per split.
    """
    manifest = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    rules = manifest["disclosure"]
    table = pd.read_parquet(release / "open" / "fairness.parquet")
    rows = []
    for split, part in table.groupby("split", sort=True):
        known = bool(part["metric"].eq("tpr").mul(part["attribute"].eq("overall")).mul(part["value"].notna()).any())
        made = programme_of([part], rules["base"], rules["minimum"], 4 if rules["profile"] == "drb" else None)
        wanted = [key for key in made.targets if key[2] not in (("us", "un") if known else ("tp", "fn", "fp", "tn"))]
        chosen = sorted(np.random.default_rng(seed).permutation(len(wanted))[:most])
        widths = [each.width for each in made.ranges(str(split), [wanted[i] for i in chosen])]
        rows.append({
            "programme": manifest["programme"], "profile": rules["profile"], "minimum": rules["minimum"],
            "split": str(split), "withheld": len(wanted), "attacked": len(widths),
            "smallest": round(min(widths), 1) if widths else None,
            "below_minimum": sum(width < rules["minimum"] - 1e-6 for width in widths),
        })  # fmt: skip
    return rows


def main() -> None:
    """Attack the releases named, and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("releases", nargs="+", type=Path)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--most", type=int, default=MOST)
    parser.add_argument("--out", type=Path, default=RESULTS)
    told = parser.parse_args()
    rows = [row for release in told.releases for row in attacked(release, told.seed, told.most)]
    made = {"seed": told.seed, "most": told.most, "rows": rows}
    told.out.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
