"""The `protected:` section of programme.yaml.

Belongs here: which attributes the audit looks at, and in which combinations.
Does not belong here: what counts as too large a gap (fairness_reports.charter), or any figure (fairness_reports.audit).
"""

from __future__ import annotations

from itertools import combinations
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

NOT_RECORDED = "not recorded"
OVERALL = "overall"
JOIN = " × "
"""Between the names of crossed attributes and between their values."""
POOLED = "small groups together"
"""Name of the row for all groups of an attribute that are too small to be shown, when together they are not."""
SCORES_SHOWN = ", scores shown"
"""Ends the name of the split of those cases whose scores had been shown to workers."""

Name = Annotated[str, Field(min_length=1, pattern=r"^[^×]+$")]


class ProtectedSpec(BaseModel):
    """Protected attributes of a programme.

    Parameters
    ----------
    attributes : list of str
        Names of attributes in core.attribute. At least one: without it nothing can be audited.
    intersections : "pairs", "triples", "none" or list of lists of str
        Which attributes are crossed. `pairs` crosses each two of them, `triples` each two and each three.
    missing_label : str
        The name of the group of people for whom an attribute is not recorded. It is a group of its own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    attributes: list[Name] = Field(min_length=1)
    intersections: Literal["pairs", "triples", "none"] | list[list[Name]] = "pairs"
    missing_label: str = Field(default=NOT_RECORDED, min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> ProtectedSpec:
        if OVERALL in self.attributes:
            raise ValueError(f"“{OVERALL}” is the name of the figure for everybody: call the attribute something else.")
        if len(set(self.attributes)) < len(self.attributes):
            raise ValueError("an attribute stands twice in `attributes`.")
        if isinstance(self.intersections, list):
            for crossed in self.intersections:
                unknown = sorted(set(crossed) - set(self.attributes))
                if unknown:
                    raise ValueError(f"`intersections` names {', '.join(unknown)}, not among `attributes`.")
                if not 2 <= len(crossed) <= 3 or len(set(crossed)) < len(crossed):
                    raise ValueError("each intersection crosses two or three different attributes.")
            if len({frozenset(crossed) for crossed in self.intersections}) < len(self.intersections):
                raise ValueError("an intersection stands twice in `intersections`.")
        return self

    def crossed(self) -> list[tuple[str, ...]]:
        """The combinations of attributes that are audited, in the order of the attributes."""
        if self.intersections == "none":
            return []
        if self.intersections == "pairs":
            return list(combinations(self.attributes, 2))
        if self.intersections == "triples":
            return [*combinations(self.attributes, 2), *combinations(self.attributes, 3)]
        return [tuple(crossed) for crossed in self.intersections]

    def names(self) -> list[str]:
        """Every name that may stand in the column `attribute` of the audit, apart from `overall`."""
        return [*self.attributes, *(JOIN.join(crossed) for crossed in self.crossed())]
