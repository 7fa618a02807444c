"""Profiles: what counts as too few, and how coarsely figures are told.

Belongs here: the sets of rules, and rounding of one number by them.
Does not belong here: which figures may be shown (levels, crossings), tables (protect).

A rate that is told as finely as its denominator allows gives its numerator back: 0.3846 with about 13 cases is 5 of 13.
So shares of counts are made from rounded counts, and every other figure is a multiple of a step at least as coarse as
what `base` persons can move.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data_contracts.errors import UsageError


@dataclass(frozen=True)
class Profile:
    """One set of rules.

    Attributes
    ----------
    name : str
        What the charter calls it.
    minimum : int
        Fewer cases than this are never told.
    base : int
        Counts are told in multiples of this.
    zero_disclosive : bool
        Whether "nobody" is withheld like any small count.
    digits : int or None
        Significant digits of any figure, where the rules limit them.
    """

    name: str
    minimum: int
    base: int
    zero_disclosive: bool = True
    digits: int | None = None

    def small(self, count: NDArray[np.float64] | float) -> NDArray[np.bool_]:
        """Which counts must not be told."""
        counts = np.asarray(count, dtype=np.float64)
        few = counts < self.minimum
        return few if self.zero_disclosive else few & (counts > 0)

    def count(self, n: float) -> int:
        """A count as it is told: the nearest multiple of the base."""
        base = self.base
        if self.name == "drb" and n >= 100:
            # four significant digits, and never finer than ten
            base = max(base, 10 ** (len(str(int(n))) - 4))
        return int(np.floor(n / base + 0.5)) * base

    def step(self, denominator: float) -> float:
        """What figures that rest on so many cases are multiples of: 1, 2 or 5 times a power of ten.

        Parameters
        ----------
        denominator : float
            How many cases a figure rests on; one of them moves it by at most 1 / denominator of its unit.
        """
        return nice(self.base / max(denominator, 1.0))

    def told(self, value: float) -> float:
        """A figure with no more digits than the rules and a reader need."""
        cut = round(value, 4) if abs(value) < 10 else float(f"{value:.6g}")
        return significant(cut, self.digits) if self.digits is not None else cut


def nice(least: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not below `least`."""
    if not least > 0:
        return 0.0
    power = int(np.floor(np.log10(least)))
    for exponent in (power, power + 1):
        for digit in (1, 2, 5):
            # through text: 2e-3 is the number that 0.002 is written as
            value = float(f"{digit}e{exponent}")
            if value >= least * (1 - 1e-12):
                return value
    return float(f"1e{power + 2}")


def to_step(value: float, step: float) -> float:
    """The nearest multiple of a step; a tie goes to the even one, whatever the last bit of `value` says."""
    return tidy(np.rint(round(value / step, 9)) * step)


def up_to_step(value: float, step: float) -> float:
    """The next multiple of a step that is not smaller."""
    return tidy(np.ceil(round(value / step, 9)) * step)


def tidy(value: float) -> float:
    """Without the noise of binary fractions, and without a minus before zero."""
    return float(round(float(value), 12)) + 0.0


def significant(value: float, digits: int) -> float:
    """A number with so many significant digits."""
    return float(f"{value:.{digits}g}") if np.isfinite(value) else value


PROFILES: Final[dict[str, Profile]] = {
    "default": Profile("default", minimum=10, base=5),
    # OpenSAFELY, output checking: counts of 7 and below are redacted, then to the nearest 5
    "opensafely": Profile("opensafely", minimum=8, base=5),
    # NHS England, sub-national: 1-7 as *, others to the nearest 5; nobody is told as 0
    "nhs": Profile("nhs", minimum=8, base=5, zero_disclosive=False),
    # US Census Bureau, Disclosure Review Board: below 15 masked, to the nearest 10, four significant digits
    "drb": Profile("drb", minimum=15, base=10, digits=4),
}
"""By name; docs/disclosure.md."""


def profile_of(name: str, minimum_cell: int = 0) -> Profile:
    """A profile by name, with the charter's minimum where that is larger.

    Raises
    ------
    UsageError
        When there is no such profile.
    """
    if name not in PROFILES:
        raise UsageError(f"there is no disclosure profile “{name}”.", todo=f"Use one of: {', '.join(PROFILES)}.")
    known = PROFILES[name]
    return replace(known, minimum=max(known.minimum, minimum_cell))
