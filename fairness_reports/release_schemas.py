"""The tables of a release: which there are, and the columns of each.

Belongs here: the schema of every table of a release (docs/release.md says what a column means).
Does not belong here: making files of them (fairness_reports.release_tables), or where the figures come from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Part = Literal["open", "restricted"]


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name : str
        Its name.
    type : str
        string, int, float, bool, date, strings or floats (lists).
    required : bool
        Whether the table must have it. Columns that a run does not build are absent, not empty.
    """

    name: str
    type: str
    required: bool = True


@dataclass(frozen=True)
class TableSchema:
    """One table of a release.

    Parameters
    ----------
    part : {'open', 'restricted'}
        Where it stands.
    columns : tuple of Column
        In the order of the file.
    extra : str, optional
        Type of further columns, where a table has one column per protected attribute.
    """

    part: Part
    columns: tuple[Column, ...]
    extra: str | None = None


def _columns(**types: str) -> tuple[Column, ...]:
    # a question mark marks a column that may be absent
    return tuple(Column(name, kind.rstrip("?"), not kind.endswith("?")) for name, kind in types.items())


SCHEMAS: dict[str, TableSchema] = {
    "metrics": TableSchema(
        "open",
        _columns(
            split="string",
            as_of="date",
            model="string",
            metric="string",
            value="float",
            low="float",
            high="float",
            n="int",
            reason="string?",
        ),
    ),
    "fairness": TableSchema(
        "open",
        _columns(
            split="string",
            as_of="date",
            attribute="string",
            group="string",
            band="string?",
            metric="string",
            comparison="string",
            reference="string",
            value="float",
            low="float",
            high="float",
            n="int",
            identification="string?",
            bound_low="float?",
            bound_high="float?",
            state="string",
            confirmatory="bool",
            needed_n="int?",
            detectable_gap="float?",
            tipping_point="float?",
            reason="string",
        ),
    ),
    "mitigation": TableSchema(
        "open",
        _columns(
            option="string",
            split="string",
            as_of="date",
            role="string",
            attribute="string",
            group="string",
            metric="string",
            comparison="string",
            reference="string",
            value="float",
            low="float",
            high="float",
            n="int",
            needs_attribute="bool",
            may_be_chosen="bool",
            reason="string",
        ),
    ),
    "decisions": TableSchema(
        "open",
        _columns(
            as_of="date",
            cases="string",
            who="string",
            attribute="string",
            group="string",
            metric="string",
            comparison="string",
            reference="string",
            value="float",
            low="float",
            high="float",
            n="int",
            reason="string",
        ),
    ),
    "drift": TableSchema(
        "open",
        _columns(
            attribute="string",
            group="string",
            metric="string",
            since="string",
            value="float",
            low="float",
            high="float",
            n="int",
            alarm="bool",
            reason="string",
        ),
    ),
    "factors": TableSchema(
        "open",
        _columns(
            factor="string",
            attribute="string",
            group="string",
            importance="float",
            direction="string",
            mean_contribution="float",
            low="float",
            high="float",
            n="int",
        ),
    ),
    "shapes": TableSchema(
        "open",
        _columns(
            factor="string",
            feature="string",
            position="int",
            part="string",
            value_from="float",
            value_to="float",
            category="string",
            mean_contribution="float",
            low="float",
            high="float",
            n="int",
            reason="string",
        ),
    ),
    "tendencies": TableSchema(
        "open",
        _columns(
            factor="string",
            feature="string",
            auc="float",
            low="float",
            high="float",
            n="int",
            reason="string",
        ),
    ),
    "quality": TableSchema(
        "open",
        _columns(
            table="string",
            rule="string",
            checked="int",
            failed="int",
            severity="string",
            passed="bool",
            value="float?",
            detail="string?",
        ),
    ),
    "backtest": TableSchema(
        "restricted",
        _columns(
            split="string",
            model="string",
            case_id="string",
            as_of="date?",  # with `test_for` a case is tested on several days of one split
            cluster_id="string",
            score="float",
            outcome="int",
        ),
        extra="string",
    ),
    "scores": TableSchema(
        "restricted",
        _columns(
            case_id="string",
            person_id="string",
            as_of="date",
            team="string",
            score="float",
            low="float",
            high="float",
            band="string",
            informative="bool",
            reason="string",
            raw="float",
            base_value="float",
            model_version="string",
            others="floats?",
        ),
    ),
    "explanations": TableSchema(
        "restricted",
        _columns(
            case_id="string",
            as_of="date",
            factor="string",
            feature="string?",
            value="string",
            columns="strings?",
            values="strings?",
            contribution="float",
            rank="int",
            evidence_ids="strings",
            evidence_count="int",
            evidence_age_days="int",
        ),
    ),
}
