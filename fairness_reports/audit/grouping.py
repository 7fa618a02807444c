"""From attributes to groups.

Belongs here: coding attributes and their combinations, the group "not recorded", score bands.
Does not belong here: anything measured on a group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairness_reports.spec import JOIN, OVERALL, POOLED

Values = TypeVar("Values", bound=np.generic)

ALL_BANDS = "all"
QUANTILES = (0.2, 0.4, 0.6, 0.8, 0.9)
"""Where bands end unless the programme says: fifths of all scores, the highest fifth in two halves."""


@dataclass(frozen=True)
class Groups:
    """One partition of the cases.

    Attributes
    ----------
    attribute : str
        The attribute, crossed attributes joined by " × ", or `overall`.
    labels : list of str
        The groups, in order.
    codes : numpy.ndarray
        Per case the position of its group in `labels`.
    bands : list of str, optional
        Score bands, when each group is split by them: then `codes` counts bands within groups.
    rows : numpy.ndarray, optional
        Which case each code belongs to, where a case stands in two groups (its own and the pooled one); by default
        there is one code per case, in order.
    """

    attribute: str
    labels: list[str]
    codes: NDArray[np.int64]
    bands: list[str] | None = None
    rows: NDArray[np.int64] | None = None

    @property
    def size(self) -> int:
        """How many cells there are."""
        return len(self.labels) * (len(self.bands) if self.bands else 1)

    def of(self, values: NDArray[Values]) -> NDArray[Values]:
        """Values of the cases, one per code."""
        return values if self.rows is None else values[self.rows]

    def cases(self) -> NDArray[np.float64]:
        """Cases in each cell."""
        return np.bincount(self.codes, minlength=self.size).astype(np.float64)


def everybody(rows: int) -> Groups:
    """All cases as one group."""
    return Groups(OVERALL, [OVERALL], np.zeros(rows, dtype=np.int64))


def recorded(values: pd.Series, missing_label: str) -> list[str]:
    """Group names of the cases: text, and the missing label where nothing, or only blanks, is recorded."""
    codes, found = pd.factorize(values.astype(object))
    names = [missing_label if not str(value).strip() else _name(value) for value in found]
    return [names[code] if code >= 0 else missing_label for code in codes]


def _name(value: Any) -> str:
    # a column of whole numbers with a gap comes as floats: the group is 1, not 1.0
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def by_attribute(attribute: str, values: Sequence[str], missing_label: str) -> Groups:
    """Groups of one attribute, by name, the unrecorded last."""
    present = set(values)
    labels = [*sorted(present - {missing_label}), *({missing_label} & present)]
    position = {label: i for i, label in enumerate(labels)}
    return Groups(attribute, labels, np.array([position[value] for value in values], dtype=np.int64))


def pooled(groups: Groups, minimum: int) -> Groups:
    """The same groups, and one more that holds all cases of those below the minimum.

    Only where there are two such groups, where they reach the minimum together, and where they are not everybody. The
    small groups stay.
    """
    small = groups.cases() < minimum
    members = np.flatnonzero(small[groups.codes])
    if small.sum() < 2 or not minimum <= len(members) < len(groups.codes) or POOLED in groups.labels:
        return groups
    return replace(
        groups,
        labels=[*groups.labels, POOLED],
        codes=np.concatenate([groups.codes, np.full(len(members), groups.size, dtype=np.int64)]),
        rows=np.concatenate([np.arange(len(groups.codes)), members]),
    )


def crossed(parts: Sequence[Groups]) -> Groups:
    """Groups of several attributes at once; only combinations that occur."""
    code = np.zeros(len(parts[0].codes), dtype=np.int64)
    for part in parts:
        code = code * len(part.labels) + part.codes
    found, codes = np.unique(code, return_inverse=True)
    labels = []
    for value in found.tolist():
        names = []
        for part in reversed(parts):
            value, position = divmod(value, len(part.labels))
            names.append(part.labels[position])
        labels.append(JOIN.join(reversed(names)))
    return Groups(JOIN.join(part.attribute for part in parts), labels, codes.astype(np.int64).reshape(-1))


def score_bands(scores: NDArray[np.float64], edges: Sequence[float] | None) -> tuple[list[str], NDArray[np.int64]]:
    """Bands of scores: names such as "0.120–0.250" and each case's band.

    A band holds scores from its lower edge up to, but not including, its upper one, both as printed; the outermost
    edges are 0 and 1, so that no single person's score shows.
    """
    inner = np.quantile(scores, QUANTILES) if edges is None else np.asarray(edges, dtype=np.float64)
    inner = np.unique(inner[(inner > 0) & (inner < 1)])
    digits = 3
    while len({f"{edge:.{digits}f}" for edge in [0.0, *inner, 1.0]}) < len(inner) + 2 and digits < 12:
        digits += 1
    if edges is None:  # edges found in the scores are cut where they are printed; a programme's own stand as written
        inner = np.round(inner, digits)
    limits = [0.0, *inner.tolist(), 1.0]
    names = [f"{low:.{digits}f}–{high:.{digits}f}" for low, high in pairwise(limits)]
    return names, np.searchsorted(inner, scores, side="right").astype(np.int64)


def banded(groups: Groups, bands: list[str], codes: NDArray[np.int64]) -> Groups:
    """Each group split by bands."""
    return replace(groups, codes=groups.codes * len(bands) + groups.of(codes), bands=bands)
