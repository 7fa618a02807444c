"""The audit of a foreign table as it may be passed on: its rows, and every count beside them.

Belongs here: the way through disclosure control, and the counts of a description and its remarks.
Does not belong here: the rules (fairness_reports.disclosure), the audit (run), the files (results).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from fairness_reports.audit.grouping import QUANTILES
from fairness_reports.audit.prepare import prepared
from fairness_reports.disclosure import Profile, Protected, case_rows, protect
from fairness_reports.scored_file.request import AuditRequest, Top
from fairness_reports.scored_file.sentences import Few, Named, Share, both, note
from fairness_reports.spec import OVERALL, SCORES_SHOWN, ProtectedSpec

_TELLS_ALL: Final = frozenset(["only_outcomes", "no_outcomes"])
"""Remarks that say of everybody whether the outcome happened to them."""
_OF_THE_FILE: Final = frozenset(["bytes", "sha256"])
"""Whoever knows all rows but one could try what the last one is until these fit."""


def round_edges(frame: pd.DataFrame) -> list[float] | None:
    """Edges of score bands in hundredths: nobody's own score."""
    if "score" not in frame or not frame["score"].between(0, 1).all():
        return None
    edges = np.unique(np.round(np.quantile(frame["score"].to_numpy(dtype=np.float64), QUANTILES), 2))
    return [float(edge) for edge in edges if 0 < edge < 1]


def safe_table(
    table: pd.DataFrame, frame: pd.DataFrame, spec: ProtectedSpec, rules: Profile, bands: Sequence[float] | None
) -> Protected:
    """The rows of the audit through disclosure control.

    Parameters
    ----------
    table : DataFrame
        Exact rows, made with the rules' minimum cell.
    frame : DataFrame
        The cases that were audited.
    spec : ProtectedSpec
        The attributes, and which are crossed.
    rules : Profile
        The rules.
    bands : sequence of float or None
        Edges of the bands, as in the audit.
    """
    rows, _ = prepared(frame, None, spec)
    rows["split"] = np.where(rows["treated"], rows["split"] + SCORES_SHOWN, rows["split"])
    cases = case_rows(rows, bands)
    return protect({"fairness": table}, cases, profile=rules.name, protected=spec, minimum_cell=rules.minimum)


def safe_about(
    about: Mapping[str, Any],
    notes: Sequence[dict[str, str]],
    table: pd.DataFrame,
    summary: Mapping[str, Any],
    rules: Profile,
) -> dict[str, Any]:
    """The description with no count that is finer than the table's, and the remark on the rules.

    Parameters
    ----------
    about, notes
        As for exact figures, but for the counts that `few` makes.
    table : DataFrame
        The rows as they are told.
    summary : mapping
        What disclosure control says of itself.
    rules : Profile
        The rules.
    """
    told = note("disclosed", rules=Named(f"disclosure_profile.{rules.name}"), minimum=rules.minimum)
    kept = [each for each in notes if not (rules.zero_disclosive and each["code"] in _TELLS_ALL)]
    clusters = about["clusters"]
    return {
        **about,
        "file": {name: value for name, value in about["file"].items() if name not in _OF_THE_FILE},
        "rows": _rows(table),
        "clusters": None if clusters is None or clusters < rules.minimum else _coarse(clusters, rules),
        "notes": [*kept, told],
        "disclosure": dict(summary),
    }


def _rows(table: pd.DataFrame) -> int | None:
    """How many rows the periods have as the table tells them: rounded otherwise, they would be read twice."""
    everybody = table[(table["attribute"] == OVERALL) & (table["metric"] == "n") & (table["comparison"] == "value")]
    sizes = everybody.loc[everybody["band"].fillna("all") == "all", "value"].dropna()
    return int(sizes.sum()) if len(sizes) else None


def few(count: int, request: AuditRequest) -> Few:
    """A count for a remark: exact, or coarser than any count of the table where rules ask for it."""
    rules = request.rules
    if rules is None:
        return Few(count, request.minimum_cell)
    coarse = _coarse(count, rules)
    return Few(coarse, 0) if coarse >= rules.minimum and count >= rules.minimum else Few(0, rules.minimum)


def share_of(count: int, rows: int, request: AuditRequest) -> Share:
    """The share beside such a count; a share of few would tell how few."""
    told = few(count, request)
    if told.value < told.minimum:
        return Share(told.minimum / rows if request.rules is None else _rounded(told.minimum / rows), below=True)
    return Share(count / rows if request.rules is None else _rounded(told.value / rows))


def rule_of_top(top: Top, request: AuditRequest) -> tuple[dict[str, Any], dict[str, str]]:
    """The rule of selection by capacity, for machines and in words; a number of cases is a count like any other."""
    if top.count is None:
        return {"rule": "top", "top": str(top)}, both("told", "share", top=Share(top.share or 0))
    rules = request.rules
    if rules is None:
        return {"rule": "top", "top": str(top)}, both("told", "count", n=top.count)
    if top.count < rules.minimum:
        return {"rule": "top", "top": None}, both("told", "count", n=Few(0, rules.minimum))
    count = rules.count(top.count)
    return {"rule": "top", "top": str(count)}, both("told", "count", n=count)


def _coarse(count: int, rules: Profile) -> int:
    base = rules.base * -(-2 * rules.minimum // rules.base)
    return rules.count(int(np.floor(count / base + 0.5)) * base)


def _rounded(share: float) -> float:
    return round(share, 2)
