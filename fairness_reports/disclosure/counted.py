"""The cases behind the figures: how many lie in which group, and what may be shown of each group.

Belongs here: counting the cases of one split by group, crossing and band; the level of each of these.
Does not belong here: the rules for levels (levels, crossings), figures (fairness, tables).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairness_reports.disclosure.crossings import Crossing, could_show, lots_of, shown_cells
from fairness_reports.disclosure.levels import ALL, HIDDEN, Array, Levels, levels_of
from fairness_reports.disclosure.profile import Profile
from fairness_reports.spec import JOIN, OVERALL, POOLED

CELLS: Final = 6
"""tp, fn, fp, tn, unknown and selected, unknown and not: the first six of the audit's sums."""
BAND: Final = "band"
MOST_CELLS: Final = 30_000_000
"""A crossing that takes a larger table to judge is not shown."""

Codes = NDArray[np.int64]


@dataclass
class Part:
    """One partition of the cases of a split, in groups (and bands).

    Attributes
    ----------
    labels : list
        Groups; of a part in bands, pairs of group and band.
    counts : numpy.ndarray, shape (groups, CELLS)
        Cases.
    levels : numpy.ndarray, shape (groups,)
        What may be shown, as in fairness_reports.disclosure.levels.
    unknown_base : int
        Cases without a known outcome are told in multiples of this: coarser where some groups have few of them.
    anchored : bool
        Whether the counts are those of an earlier release (fairness_reports.disclosure.history): a number of cases that
        is not made from them is not told then.
    remembered : dict of str to list of float, optional
        What the next release compares with, where it is not `counts`: the numbers that were last told, of groups that
        the pack no longer has.
    """

    labels: list[object]
    counts: Array
    levels: Levels
    unknown_base: int
    anchored: bool = False
    remembered: dict[str, list[float]] | None = None

    @cached_property
    def _place(self) -> dict[object, int]:
        return {label: position for position, label in enumerate(self.labels)}

    def at(self, label: object) -> int | None:
        """Position of a group; None where there is no such group."""
        return self._place.get(label)


class Split:
    """The cases of one split.

    Parameters
    ----------
    cases : DataFrame
        Of one split: `selected`, `outcome` (1, 0 or missing), `band` (text; may be missing), and one column per
        attribute with the groups that the audit named.
    groups : mapping of str to sequence of str
        Every attribute with all its groups, those without a case here included.
    crossed : sequence of tuple of str
        The attributes that are shown crossed.
    profile : Profile
        The rules.
    pooled_below : int
        The audit pools groups with fewer cases than this.
    """

    def __init__(
        self,
        cases: pd.DataFrame,
        groups: Mapping[str, Sequence[str]],
        crossed: Sequence[tuple[str, ...]],
        profile: Profile,
        pooled_below: int,
    ) -> None:
        self.profile, self.size = profile, len(cases)
        self._y = _cell_of(cases)
        occurs = np.bincount(self._y, minlength=CELLS) > 0
        self.some_unknown = bool(occurs[4:].any())
        # that nobody is selected where nothing selects, or that no outcome is known yet, tells on nobody
        sides = np.array([occurs[0::2].any(), occurs[1::2].any()] * 3)
        self._judged = sides & ((np.arange(CELLS) < 4) == occurs[:4].any())
        everybody = np.bincount(self._y, minlength=CELLS)[None].astype(np.float64)
        top = levels_of(everybody, profile, judged=self._judged)
        self.parts: dict[str, Part] = {OVERALL: self._part([OVERALL], everybody, top)}
        self.banded: dict[str, Part] = {}
        self._codes: dict[str, Codes] = {}
        self._plain: dict[str, tuple[list[str], Levels, Levels]] = {}
        self._at_most = int(top[0])
        for name, labels in groups.items():
            self._attribute(name, list(labels), cases[name], pooled_below)
        crossed = [each for each in crossed if all(name in self._plain for name in each)]
        pairs = [(each[0], each[1]) for each in crossed if len(each) == 2]
        self._could = {names for names in pairs if self._could_show(names)}
        self._beside = {
            name: sorted(b if a == name else a for a, b in self._could if name in (a, b)) for name in self._plain
        }
        self._bands = sorted(cases["band"].dropna().unique()) if "band" in cases else []
        if self._bands:
            self._in_bands(cases["band"])
        for names in pairs:
            self._keep(names, self._pair(names) if names in self._could else None)
        for each in crossed:
            if len(each) > 2:
                self._keep(each, self._whole(each))

    # -- single attributes ------------------------------------------------------------------------------------------

    def _attribute(self, name: str, labels: list[str], values: pd.Series, pooled_below: int) -> None:
        codes = _codes(values, labels)
        counts = _count(codes, len(labels), self._y)
        cases = counts.sum(axis=1)
        members = (cases > 0) & (cases < pooled_below)
        pooled = members.sum() > 1 and pooled_below <= cases[members].sum() < len(values) and POOLED not in labels
        members &= bool(pooled)
        kept = [*np.flatnonzero(~members).tolist()]
        lots, told = [labels[i] for i in kept], counts[kept]
        if pooled:
            lots, told = [*lots, POOLED], np.vstack([told, counts[members].sum(axis=0)])
        limit = np.full(len(lots), self._at_most)
        levels = levels_of(told, self.profile, limit, judged=self._judged)
        self.parts[name] = self._part(list(lots), told, levels)
        if not pooled:
            plain = levels
        else:
            plain = np.full(len(labels), HIDDEN)
            plain[kept] = levels[:-1]
            part = self.parts[name]
            part.labels = [*part.labels, *(labels[i] for i in np.flatnonzero(members))]
            part.counts = np.vstack([part.counts, counts[members]])
            part.levels = np.concatenate([levels, np.full(int(members.sum()), HIDDEN)])
        shown_pool = bool(pooled) and levels[-1] > HIDDEN
        self._codes[name] = codes
        self._plain[name] = (labels, plain, lots_of(plain, members, shown_pool))

    def _part(self, labels: list[object], counts: Array, levels: Levels) -> Part:
        few = self.profile.small(counts[levels == ALL][:, 4:]).any() if self.some_unknown else False
        return Part(labels, counts, levels, 2 * self.profile.minimum if few else self.profile.base)

    # -- bands ------------------------------------------------------------------------------------------------------

    def _in_bands(self, values: pd.Series) -> None:
        names = [str(each) for each in self._bands]
        band = _codes(values, names)
        outcome = np.array([0, 0, 2, 2, 4, 4])[self._y]  # which outcome, whether selected or not
        judged = np.isin(np.arange(CELLS), [0, 2] if (outcome < 4).any() else [4])
        counts = _count(band, len(names), outcome)
        limit = np.full(len(names), self._at_most)
        levels = levels_of(counts, self.profile, limit, judged=judged)
        self._codes[BAND] = band
        self.banded[OVERALL] = self._part([(OVERALL, name) for name in names], counts, levels)
        for name in self._plain:
            self._banded(name, names, levels, outcome, judged)

    def _banded(
        self, name: str, bands: list[str], band_levels: Levels, outcome: Codes, judged: NDArray[np.bool_]
    ) -> None:
        part = self.parts[name]
        rows, _, lots = self._plain[name]
        at = np.array([part.at(label) for label in rows], dtype=np.int64)
        # members of the pooled group stand in it
        pooled = part.at(POOLED) if lots.any() else None
        if pooled is not None:
            at = np.where(lots == 1, pooled, at)
        size = len(part.labels) if pooled is None else pooled + 1
        codes = at[self._codes[name]]
        others = [each for each in self._plain if each != name]
        selected = np.array([0, 1, 0, 1, 0, 1])[self._y]
        counts = _count(codes * len(bands) + self._codes[BAND], size * len(bands), outcome)
        # two that exchange groups must agree in what is crossed with the attribute, two that exchange bands in all
        tables = self._tables(codes, size, self._codes[BAND], len(bands), outcome, [
            [selected, *self._kinds(self._beside[name])], [selected, *self._kinds(others)]
        ])  # fmt: skip
        shown, none = None, np.zeros(0, dtype=np.int64)
        if tables:
            levels, none = part.levels[:size], np.zeros(max(size, len(bands)), dtype=np.int64)
            crossing = Crossing(tables, levels, band_levels, none[:size], none[: len(bands)], judged)
            shown = shown_cells(crossing, self.profile)
        told = np.full(size * len(bands), HIDDEN) if shown is None else np.where(shown.reshape(-1), ALL, HIDDEN)
        self.banded[name] = self._part(list(product(part.labels[:size], bands)), counts, told)

    # -- crossed attributes -----------------------------------------------------------------------------------------

    def _could_show(self, names: tuple[str, ...]) -> bool:
        """Whether any cell of two crossed attributes holds enough cases: else the crossing reveals nothing."""
        (labels_a, levels_a, _), (labels_b, levels_b, _) = (self._plain[name] for name in names)
        sizes = len(labels_a), len(labels_b)
        counts = _count(np.ravel_multi_index(self._kinds(names), sizes), int(np.prod(sizes)), self._y)
        counts = counts.reshape(*sizes, CELLS)
        return bool(could_show(counts, levels_a, levels_b, self.profile, self._judged).any())

    def _pair(self, names: tuple[str, ...]) -> NDArray[np.bool_] | None:
        a, b = names
        (labels_a, levels_a, lots_a), (labels_b, levels_b, lots_b) = self._plain[a], self._plain[b]
        banded = [self._codes[BAND]] if self._bands else []
        kinds = [
            [*self._kinds([name for name in self._beside[exchanged] if name != other]), *banded]
            for exchanged, other in ((b, a), (a, b))
        ]
        tables = self._tables(self._codes[a], len(labels_a), self._codes[b], len(labels_b), self._y, kinds)
        if not tables:
            return None
        return shown_cells(Crossing(tables, levels_a, levels_b, lots_a, lots_b, self._judged), self.profile)

    def _whole(self, names: tuple[str, ...]) -> NDArray[np.bool_] | None:
        """Three attributes at once: all cells or none, for a hidden one could be found in too many ways."""
        if any((self._plain[name][1] != ALL).any() for name in names):
            return None
        if any(not (self.parts[JOIN.join(pair)].levels == ALL).all() for pair in self._pairs_of(names)):
            return None
        sizes = [len(self._plain[name][0]) for name in names]
        codes = np.ravel_multi_index([self._codes[name] for name in names], sizes)
        counts = _count(codes, int(np.prod(sizes)), self._y)
        enough = not self.profile.small(counts[:, self._judged]).any()
        return np.ones(sizes, dtype=np.bool_) if enough else None

    def _pairs_of(self, names: tuple[str, ...]) -> list[tuple[str, ...]]:
        return [pair for pair in combinations(names, 2) if JOIN.join(pair) in self.parts]

    def _keep(self, names: tuple[str, ...], shown: NDArray[np.bool_] | None) -> None:
        sizes = [len(self._plain[name][0]) for name in names]
        codes = np.ravel_multi_index([self._codes[name] for name in names], sizes)
        counts = _count(codes, int(np.prod(sizes)), self._y)
        labels: list[object] = [JOIN.join(each) for each in product(*(self._plain[name][0] for name in names))]
        levels = np.full(len(labels), HIDDEN) if shown is None else np.where(shown.reshape(-1), ALL, HIDDEN)
        self.parts[JOIN.join(names)] = self._part(labels, counts, levels)

    def _kinds(self, names: Sequence[str]) -> list[Codes]:
        return [self._codes[name] for name in names]

    def _tables(
        self, rows: Codes, row_size: int, columns: Codes, column_size: int, y: Codes, ways: Sequence[Sequence[Codes]]
    ) -> tuple[Array, ...]:
        found = (self._table(rows, row_size, columns, column_size, y, kinds) for kinds in ways)
        return tuple(table for table in found if table is not None)

    def _table(
        self, rows: Codes, row_size: int, columns: Codes, column_size: int, y: Codes, kinds: Sequence[Codes]
    ) -> Array | None:
        """Cases by row, column, cell of Y and kind; None where the table would be too large."""
        kind = np.zeros(len(rows), dtype=np.int64)
        for codes in kinds:
            found = np.unique(kind * (int(codes.max()) + 1) + codes, return_inverse=True)[1]
            kind = np.asarray(found, dtype=np.int64).reshape(-1)
        size = int(kind.max()) + 1 if len(kind) else 1
        shape = (row_size, column_size, CELLS, size)
        if np.prod(shape, dtype=np.float64) > MOST_CELLS:
            return None
        flat = np.bincount(np.ravel_multi_index([rows, columns, y, kind], shape), minlength=int(np.prod(shape)))
        return flat.reshape(shape).astype(np.float64)


def _cell_of(cases: pd.DataFrame) -> Codes:
    outcome = cases["outcome"].to_numpy(dtype=np.float64)
    selected = cases["selected"].to_numpy(dtype=np.bool_)
    kind = np.where(outcome == 1, 0, np.where(outcome == 0, 2, 4))
    return np.asarray(kind + ~selected, dtype=np.int64)


def _codes(values: pd.Series, labels: list[str]) -> Codes:
    place = {label: position for position, label in enumerate(labels)}
    return np.asarray(values.astype(str).map(place), dtype=np.int64)


def _count(codes: Codes, size: int, y: Codes) -> Array:
    counted = np.bincount(codes * CELLS + y, minlength=size * CELLS).astype(np.float64)
    return counted.reshape(size, CELLS)
