"""All records of a release, and writing them.

Belongs here: which records there are, their heads, the list of what is missing, their files.
Does not belong here: what a record says (card, atrs, impact, inventory).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from data_contracts.contract import Contract
from fairness_reports.reports.context import ReportContext
from fairness_reports.transparency.atrs import VERSION, atrs
from fairness_reports.transparency.card import model_card
from fairness_reports.transparency.entries import Entry
from fairness_reports.transparency.impact import impact
from fairness_reports.transparency.inventory import inventory

FILES = ("atrs", "model_card", "impact_assessment", "data_inventory")
"""The records, each a file of open/transparency/."""
_STANDARD = {
    "atrs": f"Algorithmic Transparency Recording Standard (UK), version {VERSION}",
    "impact_assessment": "Regulation (EU) 2024/1689 (AI Act), Article 27: a skeleton, not an assessment",
}


def records(context: ReportContext, contract: Contract) -> dict[str, Any]:
    """Every record as plain values.

    Parameters
    ----------
    context : ReportContext
        The release, its charter, and figures that have passed disclosure control.
    contract : Contract
        The programme's source tables.

    Returns
    -------
    dict
        The records of `FILES` by name. Each has a head (programme, release_id, as_of, verdict, simulated, standard),
        its content, and `missing`: field, source, who of every entry that people have to fill in, once each.
    """
    content: dict[str, Any] = {
        "atrs": atrs(context, contract),
        "model_card": model_card(context),
        "impact_assessment": impact(context),
        "data_inventory": inventory(context, contract),
    }
    return {
        name: {
            "record": name,
            "standard": _STANDARD.get(name),
            "programme": context.programme,
            "release_id": context.release_id,
            "as_of": None if context.as_of is None else context.as_of.isoformat(),
            "verdict": context.verdict,
            "simulated": context.simulated,
            "missing": list(_missing(content[name])),
            "content": content[name],
        }
        for name in FILES
    }


def write(folder: Path, made: Mapping[str, Any]) -> list[Path]:
    """Write the records as JSON: the same values give the same bytes.

    Parameters
    ----------
    folder : Path
        Where; made when missing.
    made : mapping
        From `records`.

    Returns
    -------
    list of Path
        The files, one for each of `FILES`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in FILES:
        path = folder / f"{name}.json"
        path.write_text(json.dumps(made[name], ensure_ascii=False, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        written.append(path)
    return written


def entries(content: Any) -> Iterator[Entry]:
    """Every entry in a record, in order."""
    if isinstance(content, dict):
        if {"field", "value", "missing"} <= set(content):
            yield content
            return
        content = list(content.values())
    if isinstance(content, list):
        for each in content:
            yield from entries(each)


def _missing(content: Any) -> Iterator[dict[str, str]]:
    told = set()
    for each in entries(content):
        gap = (each["field"], each["source"], each["who"])
        if each["missing"] and gap not in told:
            told.add(gap)
            yield dict(zip(("field", "source", "who"), gap, strict=True))
