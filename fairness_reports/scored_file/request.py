"""What somebody asked `plumbline audit` to do.

Belongs here: the options, and the mistakes that can be seen without opening the file.
Does not belong here: what is in the file (reading, values, selection).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal

from data_contracts.errors import UsageError
from fairness_reports.disclosure.profile import Profile, profile_of

Intersections = Literal["none", "pairs", "triples"]
ScoreIs = Literal["auto", "probability", "rank"]


@dataclass(frozen=True)
class Top:
    """How many of the highest scores are selected: a number of cases or a share of them, the other is None."""

    count: int | None = None
    share: float | None = None

    def __str__(self) -> str:
        return str(self.count) if self.count is not None else f"{(Decimal(str(self.share)) * 100).normalize():f}%"


@dataclass(frozen=True)
class AuditRequest:
    """One call of the audit of a scored table.

    Parameters
    ----------
    file : Path
        CSV, Parquet or XLSX.
    out : Path
        A new or empty folder.
    outcome : str
        The column with the outcome.
    by : tuple of str
        Columns with the protected attributes.
    score, decision : str, optional
        Columns with the score and with what was decided; at least one of them.
    at : float, optional
        Selected means score >= this.
    top : Top, optional
        Selected means among the highest scores of the period.
    cluster, case, split, shown : str, optional
        Columns with the household (or person), the case's id, the period, and whether the score had been shown to
        those who decided.
    references : tuple of str
        `GROUP` or `ATTRIBUTE=GROUP`: groups to compare with, besides everybody.
    positive : tuple of str
        `VALUE` or `COLUMN=VALUE`: what counts as the outcome (or as selected) in a column of text.
    unknown : tuple of str
        What means in the outcome's column that it is not known.
    intersections : {"pairs", "none", "triples"}
        Which attributes are crossed.
    score_is : {"auto", "probability", "rank"}
        Whether the scores are probabilities, or only their order counts.
    minimum_cell, seed, replicates : int
        As in `fairness_reports.audit.audit`.
    language : {"en", "de"}
        Of what is told at the end.
    disclosure : str, optional
        Name of the rules that everything written goes through; without it figures are exact. `minimum_cell` holds where
        it is larger than theirs.
    """

    file: Path
    out: Path
    outcome: str
    by: tuple[str, ...]
    score: str | None = None
    decision: str | None = None
    at: float | None = None
    top: Top | None = None
    cluster: str | None = None
    case: str | None = None
    split: str | None = None
    shown: str | None = None
    references: tuple[str, ...] = ()
    positive: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    intersections: Intersections = "pairs"
    score_is: ScoreIs = "auto"
    minimum_cell: int = 10
    seed: int = 0
    replicates: int = 1000
    language: str = "en"
    disclosure: str | None = None

    @property
    def rules(self) -> Profile | None:
        """The rules of disclosure control; None where figures stay exact."""
        return profile_of(self.disclosure, self.minimum_cell) if self.disclosure is not None else None

    def roles(self) -> list[tuple[str, str]]:
        """Every column that is named, with the option that names it."""
        single = ("outcome", "score", "decision", "cluster", "case", "split", "shown")
        named = [(f"--{role}", getattr(self, role)) for role in single]
        return [(option, name) for option, name in named if name is not None] + [("--by", name) for name in self.by]

    def check(self) -> None:
        """Refuse what cannot work, whatever the file holds.

        Raises
        ------
        UsageError
            With the first such mistake.
        """
        if not self.by:
            raise UsageError("no group column was named.", where="--by", todo="Name at least one with --by COL.")
        rules = [name for name in ("at", "top", "decision") if getattr(self, name) is not None]
        if len(rules) != 1:
            said = "nothing says who is selected" if not rules else "several options say who is selected"
            raise UsageError(
                f"{said}.", todo="Give one of --at THRESHOLD, --top N (or N%) and --decision COL: exactly one."
            )
        if self.score is None and self.decision is None:
            raise UsageError(f"--{rules[0]} needs a score.", where="--score", todo="Name its column with --score COL.")
        options: dict[str, list[str]] = {}
        for option, name in self.roles():
            options.setdefault(name, []).append(option)
        for name, used in options.items():
            if len(used) > 1:
                told = " and ".join(f"{option} ({n} times)" if n > 1 else option for option, n in Counter(used).items())
                raise UsageError(
                    f"the column “{name}” is named more than once: {told}.", todo="Each column can be one thing only."
                )


def parse_top(text: str) -> Top:
    """Read `50` as fifty cases and `10%` as a tenth of them.

    >>> parse_top("50"), parse_top("2.5 %")
    (Top(count=50, share=None), Top(count=None, share=0.025))
    """
    bare = re.fullmatch(r"\s*([0-9]+(?:[.,][0-9]+)?)\s*(%?)\s*", text)
    if not bare:
        raise UsageError("it is neither a number of cases nor a percentage.", where="--top", todo="As in 50 or 10%.")
    number = Decimal(bare[1].replace(",", "."))
    if bare[2]:
        if not 0 < number <= 100:
            raise UsageError("the percentage is not above 0 and up to 100.", where="--top", todo="As in --top 10%.")
        return Top(share=float(number / 100))
    if number != int(number):
        raise UsageError("a number of cases is whole.", where="--top", todo="Did you mean a share? As in --top 10%.")
    if number == 0:
        raise UsageError("nobody would be selected.", where="--top", todo="Give at least 1.")
    return Top(count=int(number))


def parse_number(text: str, option: str) -> float:
    """Read a number with a decimal point or a decimal comma."""
    try:
        value = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise UsageError("it is not a number.", where=option, todo=f"As in {option} 0.5.")
    return float(value)
