"""What earlier releases told of the same cases, so that nobody is found by what changed between two of them.

Belongs here: the counts behind a release, which of them are too close to earlier ones, the earlier numbers in place of
those of today.
Does not belong here: the rules of one release (levels, crossings), tables with earlier rows (retold), where counts are
kept (pipelines.disclosed).

Somebody who knows that one person was erased, or delivered late, and sees a count go from 45 to 40, knows in which cell
that person stood. So a partition of the cases (everybody, an attribute, a crossing) is told anew only when each of its
counts, and each of everybody's, is what it was or differs from it by the minimum cell at least. Otherwise the whole
partition is told as it was: by the very rows of the earlier release where model and split are the same; where another
model now selects, by figures that are made from the earlier numbers of cases and outcomes. Where somebody has changed
the pack, and these numbers speak of other groups, no figures can be made from them: none are told.

The counts that are compared are those that were last told, not the last exact ones: many small changes add up, and are
told once they are large enough.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from fairness_reports.disclosure.counted import CELLS, Part, Split
from fairness_reports.disclosure.levels import HIDDEN, Array
from fairness_reports.spec import OVERALL

KNOWN: Final = 4
"""Of the cells, the first so many have a known outcome."""
_MARGINS: Final = ((0, 1), (2, 3), (4, 5))
"""With, without, unknown outcome; each selected and not."""
NOW: Final = "now"

Counts = dict[str, dict[str, list[float]]]
"""By attribute and group (of a crossing: its cell; in bands: "group, band" under "bands of ATTRIBUTE")."""


@dataclass(frozen=True)
class Behind:
    """The counts behind the figures of one split in one release.

    Attributes
    ----------
    release_id : str
        Of which release.
    split : str
        Its name there.
    days : str
        The days of prediction of its cases: the same cases may be scored now, and the test of a later release.
    model : str
        What selected, and scored.
    counts : dict
        As they were told: cases by attribute, group and cell.
    """

    release_id: str
    split: str
    days: str
    model: str
    counts: Counts


@dataclass
class Kept:
    """Which partitions of which splits are told as they were.

    Attributes
    ----------
    again : dict of tuple of str to str
        Split and attribute to the release whose rows are told again.
    anchored : set of tuple of str
        Split and attribute where figures are made from earlier numbers of cases and outcomes.
    lost : set of tuple of str
        Split and attribute where no figures are told: the earlier numbers are those of other groups.
    """

    again: dict[tuple[str, str], str] = field(default_factory=dict)
    anchored: set[tuple[str, str]] = field(default_factory=set)
    lost: set[tuple[str, str]] = field(default_factory=set)

    @property
    def releases(self) -> list[str]:
        """Of which releases something is told again."""
        return sorted(set(self.again.values()))

    @property
    def places(self) -> list[dict[str, str]]:
        """Split and attribute of what is told as it was, and by whose rows, for the manifest."""
        made = [{"split": split, "attribute": name, "of": of} for (split, name), of in sorted(self.again.items())]
        others = sorted(self.anchored | self.lost)
        return made + [{"split": split, "attribute": name, "of": ""} for split, name in others]

    def release_id(self, made_of: str) -> str:
        """The id of a release: what it tells again is part of what it says."""
        if not self.places:
            return made_of
        day, _, digest = made_of.rpartition("-")
        return f"{day}-{hashlib.sha256(json.dumps([digest, self.places]).encode()).hexdigest()[: len(digest)]}"


def days_of(cases: pd.DataFrame) -> dict[str, str]:
    """The days of prediction of each split, as one text."""
    return {
        str(split): " ".join(sorted({pd.Timestamp(day).date().isoformat() for day in part.dropna()}))
        for split, part in cases.groupby("split", sort=True)["as_of"]
    }


def behind(
    splits: Mapping[str, Split], days: Mapping[str, str], models: Mapping[str, str], release_id: str
) -> list[Behind]:
    """The counts behind a release, to be kept where only the agency sees them.

    Parameters
    ----------
    splits : mapping of str to Split
        After `keep`, so that what was told again is kept as what it was.
    days, models : mapping of str to str
        By split; a split without days cannot be told again.
    release_id : str
        Of the release.
    """
    return [
        Behind(release_id, name, days[name], models.get(name, ""), _counts(split))
        for name, split in sorted(splits.items())
        if days.get(name)
    ]


def _counts(split: Split) -> Counts:
    made = {name: _remembered(part) for name, part in split.parts.items()}
    return made | {f"bands of {name}": _remembered(part) for name, part in split.banded.items()}


def _remembered(part: Part) -> dict[str, list[float]]:
    return _of(part) if part.remembered is None else part.remembered


def _of(part: Part) -> dict[str, list[float]]:
    return {_name(label): counts.tolist() for label, counts in zip(part.labels, part.counts, strict=True)}


def _name(label: object) -> str:
    return ", ".join(str(each) for each in label) if isinstance(label, tuple) else str(label)


def keep(
    splits: Mapping[str, Split],
    days: Mapping[str, str],
    models: Mapping[str, str],
    earlier: Mapping[str, Behind],
    minimum: int,
    changed: Collection[str] = (),
) -> Kept:
    """Decide what is told as it was, and put the earlier counts behind it.

    Parameters
    ----------
    splits : mapping of str to Split
        Changed in place.
    days, models : mapping of str to str
        By split.
    earlier : mapping of str to Behind
        By days: what was last told of these cases.
    minimum : int
        The minimum cell.
    changed : collection of str
        Releases that were made under another configuration or charter.
    """
    kept = Kept()
    for name, split in sorted(splits.items()):
        old = earlier.get(days.get(name, ""))
        if old is None:
            continue
        same = old.model == models.get(name, "") and old.split == name
        near = {OVERALL} if _close(old.counts, split, OVERALL, same, minimum) else set()
        for attribute in sorted(split.parts, key=lambda each: (each.count(" × "), each)):
            parents = {OVERALL, *attribute.split(" × ")}
            if attribute in old.counts and (near & parents or _close(old.counts, split, attribute, same, minimum)):
                near.add(attribute)
        for attribute in sorted(near):
            part, today = split.parts[attribute], split.parts[attribute].counts
            other = _other_groups(part, old.counts[attribute], old.release_id in changed)
            if same:
                kept.again[(name, attribute)] = old.release_id
            else:
                (kept.lost if other else kept.anchored).add((name, attribute))
            if other:
                _remember(split, attribute, old.counts, same)
                continue
            part.counts, part.anchored = _put_back(part, old.counts[attribute], same), True
            if attribute in split.banded:
                banded = split.banded[attribute]
                told = old.counts.get(f"bands of {attribute}", {}) if same else _scaled(banded, part, today)
                banded.counts, banded.anchored = _put_back(banded, told, same=True), True
    return kept


def _other_groups(part: Part, told: Mapping[str, list[float]], changed: bool) -> bool:
    """Whether earlier numbers cannot be put back under today's groups.

    A group may come or go with its cases; but in another configuration a group of another name is another group, and
    where a group is shown, of which nothing was told, its number would be none.
    """
    shown = {_name(label) for label, level in zip(part.labels, part.levels, strict=True) if level > HIDDEN}
    return not shown <= set(told) or (changed and set(told) != set(_of(part)))


def _remember(split: Split, attribute: str, told: Counts, same: bool) -> None:
    """Nothing is told of today's groups: the next release compares with what was last told, of the earlier ones."""
    part = split.parts[attribute]
    back = zip(part.labels, _put_back(part, told[attribute], same).tolist(), strict=True)
    part.remembered = told[attribute] | {
        _name(label): counts for label, counts in back if _name(label) in told[attribute]
    }
    if attribute in split.banded:
        split.banded[attribute].remembered = told.get(f"bands of {attribute}", {}) if same else {}


def _scaled(banded: Part, part: Part, today: Array) -> dict[str, list[float]]:
    """Today's bands of the earlier cases: each group's cases of an outcome lie in bands as today's do."""
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.stack([part.counts[:, pair].sum(axis=1) / today[:, pair].sum(axis=1) for pair in _MARGINS], axis=1)
    factor = np.repeat(np.nan_to_num(factor, nan=0.0, posinf=0.0), 2, axis=1)
    made = {}
    for label, counts in zip(banded.labels, banded.counts, strict=True):
        at = part.at(label[0]) if isinstance(label, tuple) else None
        made[_name(label)] = (counts if at is None else counts * factor[at]).tolist()
    return made


def _close(old: Counts, split: Split, attribute: str, same: bool, minimum: int) -> bool:
    """Whether any count of a partition differs from what was told of it by 1 to `minimum` - 1."""
    if _few(old.get(attribute, {}), split.parts[attribute], same, minimum):
        return True
    banded = split.banded.get(attribute)
    return same and banded is not None and _few(old.get(f"bands of {attribute}", {}), banded, same, minimum)


def _few(told: Mapping[str, list[float]], part: Part, same: bool, minimum: int) -> bool:
    if not told:
        return False
    now = _of(part)
    names = sorted({*told, *now})
    nobody = [0.0] * CELLS
    old, new = (np.array([counts.get(name, nobody) for name in names]) for counts in (told, now))
    if not same:
        old, new = _coarse(old, new)
    change = np.abs(new - old).round(6)
    return bool(((change > 0) & (change < minimum)).any())


def _coarse(old: Array, new: Array) -> tuple[Array, Array]:
    """Numbers that have nothing to do with a model: of cases by outcome, or of cases, where only one side knows it."""
    if old[:, :KNOWN].any() and new[:, :KNOWN].any():
        by = np.repeat(np.eye(3), 2, axis=0)
        return old @ by, new @ by
    return old.sum(axis=1, keepdims=True), new.sum(axis=1, keepdims=True)


def _put_back(part: Part, told: Mapping[str, list[float]], same: bool) -> Array:
    """Earlier counts in place of those of today; under another model, today's selection of the earlier cases."""
    nobody = [0.0] * CELLS
    old = np.array([told.get(_name(label), nobody) for label in part.labels])
    if same:
        return old
    known = bool(old[:, :KNOWN].any() and part.counts[:, :KNOWN].any())
    made = np.zeros_like(old)
    for cells in [list(pair) for pair in _MARGINS] if known else [list(range(CELLS))]:
        here, before = part.counts[:, cells].sum(axis=1, keepdims=True), old[:, cells].sum(axis=1, keepdims=True)
        made[:, cells] = part.counts[:, cells] / np.where(here > 0, here, 1.0) * before
    return made


@dataclass
class Numbers:
    """Single numbers of persons or rows, which belong to no partition: rows of a table, cases of a cohort.

    Attributes
    ----------
    told : dict of str to float
        What was last told, by what it counts.
    minimum : int
        The minimum cell.
    """

    told: dict[str, float] = field(default_factory=dict)
    minimum: int = 0

    def of(self, what: str, exact: float) -> float:
        """The number to tell: the earlier one where it has changed by less than the minimum cell."""
        if not np.isfinite(exact):
            return exact
        old = self.told.get(what)
        if old is None or not 0 < abs(exact - old) < self.minimum:
            self.told[what] = float(exact)
        return self.told[what]

    def columns(self, table: pd.DataFrame, kind: str, names: list[str], columns: list[str]) -> pd.DataFrame:
        """A table with some of its columns told so.

        Parameters
        ----------
        table : DataFrame
            With exact numbers.
        kind : str
            What the table counts.
        names, columns : list of str
            What names a row; what is a number of persons or rows.
        """
        made = table.copy()
        keys = [" | ".join([kind, *(str(each) for each in row)]) for row in table[names].itertuples(index=False)]
        for column in columns:
            exact = pd.to_numeric(table[column]).to_numpy(dtype=np.float64, na_value=np.nan)
            told = [self.of(f"{key} | {column}", value) for key, value in zip(keys, exact, strict=True)]
            made[column] = pd.Series(told, index=table.index).astype(table[column].dtype)
        return made


@dataclass(frozen=True)
class Past:
    """What a release has to know of those before it.

    Attributes
    ----------
    days, models : mapping of str to str
        By split: days of prediction, and what selects and scores.
    earlier : mapping of str to Behind
        By days: what was last told of these cases.
    tables : mapping of str to mapping of str to DataFrame
        By release: its open tables by name.
    numbers : Numbers
        Numbers that belong to no partition; those of this release are added to it.
    changed : collection of str
        Releases that were made under another configuration or charter than today's.
    """

    days: Mapping[str, str]
    models: Mapping[str, str]
    earlier: Mapping[str, Behind]
    tables: Mapping[str, Mapping[str, pd.DataFrame]]
    numbers: Numbers = field(default_factory=Numbers)
    changed: Collection[str] = ()
