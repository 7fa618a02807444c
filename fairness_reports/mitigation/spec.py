"""The section `mitigation:` of programme.yaml: which ways to shrink a gap are compared.

Belongs here: the names of the options and the pydantic model.
Does not belong here: how an option is fitted (options) or compared (frontier).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from fairness_reports.spec import ProtectedSpec

OptionName = Literal[
    "drop_proxies", "coarsen_proxies", "reweigh", "exponentiated_gradient", "grid_search", "threshold_optimizer"
]
NEEDS_ATTRIBUTE: Final = frozenset({"threshold_optimizer"})
"""Options that need the protected attribute when a decision is made: marked, and never chosen automatically."""


class MitigationSpec(BaseModel):
    """Which ways to shrink a gap are compared with the chosen candidate, on development splits.

    Parameters
    ----------
    compare : list of str
        The options; without any nothing is compared.
    attribute : str, optional
        The protected attribute whose gaps the options are to shrink; by default the first.
    proxies : list of str
        Features that `drop_proxies` leaves out and `coarsen_proxies` coarsens; by default those that reveal the
        attribute most.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    compare: list[OptionName] = Field(default_factory=list)
    attribute: str | None = Field(default=None, min_length=1)
    proxies: list[str] = Field(default_factory=list)

    @field_validator("compare", "proxies")
    @classmethod
    def _each_once(cls, value: list[str]) -> list[str]:
        if len(set(value)) < len(value):
            raise ValueError("a name stands twice")
        return value


def check(
    spec: MitigationSpec, protected: ProtectedSpec, columns: Sequence[str] | None
) -> list[tuple[tuple[int | str, ...], str, str]]:
    """What the section names that the programme does not have.

    Parameters
    ----------
    spec : MitigationSpec
        The section.
    protected : ProtectedSpec
        The programme's protected attributes.
    columns : sequence of str or None
        Names of the features; None where they have mistakes of their own.

    Returns
    -------
    list of (location, what, what to do)
        Locations count from the section.
    """
    problems: list[tuple[tuple[int | str, ...], str, str]] = []
    if spec.attribute is not None and spec.attribute not in protected.attributes:
        todo = f"Use one of: {', '.join(protected.attributes)}."
        problems.append((("attribute",), f"“{spec.attribute}” is not among the protected attributes.", todo))
    for i, name in enumerate(spec.proxies if columns is not None else []):
        if name not in (columns or []):
            problems.append((("proxies", i), f"“{name}” is no feature.", "Use names from `features`."))
    return problems
