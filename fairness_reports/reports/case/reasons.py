"""The reasons of one case: each factor as sentences, with its value and the records behind it.

Belongs here: which factors are shown, how strongly each moves the score in words, its evidence.
Does not belong here: a value in words (values), computing a contribution (models.explanation).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import pandas as pd
from markupsafe import Markup

from fairness_reports.language import Language
from fairness_reports.reports.association import about_others, tagged
from fairness_reports.reports.case.parts import Reason, Record
from fairness_reports.reports.case.values import category_words, is_missing, value_words
from fairness_reports.reports.context import rows_of
from features.fields import Feature
from features.kinds import AttributeCategory, CalendarMonth, DaysSinceOpened
from features.labels import labels
from features.spec import Column, columns
from features.words import Words

SHOWN = 5
"""How many reasons of each direction are shown."""

SHOWN_RECORDS = 5
"""How many records of each reason are shown."""

HARDLY = 0.01
"""A smaller contribution (log-odds) is no reason: it moves a score by less than a quarter of a percentage point."""

LEVELS = (("strongly", 0.20, 0.20), ("moderately", 0.05, 0.05))
"""Word, least share of all contributions of the case in size, least size (log-odds); below the last it is slightly."""

_LENGTH = {"strongly": 10, "moderately": 5, "slightly": 2}
_PSEUDONYM = re.compile(r"^[0-9a-f]{32}(-|$)")


@dataclass(frozen=True)
class Facts:
    """What a release and a pack say of the factors of one case.

    Parameters
    ----------
    reasons : DataFrame
        The case's rows of explanations.parquet.
    features : sequence of Feature
        As the pack declares them.
    words : Words
        The programme's words.
    as_of : date
        The day of the score.
    """

    reasons: pd.DataFrame
    features: Sequence[Feature]
    words: Words
    as_of: dt.date

    @cached_property
    def columns(self) -> list[Column]:
        """The columns of the features."""
        return columns(self.features)

    @cached_property
    def others(self) -> Mapping[str, str]:
        """The factors that speak of other people: `all` of their features or `some`."""
        return about_others(self.columns)

    def of(self, factor: str) -> list[Feature]:
        """The features of a factor."""
        return [spec for spec in self.features if spec.factor == factor]

    def row(self, factor: str) -> Any | None:
        """The factor's row, None where the release has none."""
        found = rows_of(self.reasons[self.reasons["factor"] == factor])
        return found[0] if found else None

    def day(self, row: Any) -> dt.date | None:
        """Of the newest record behind a row."""
        age = row.evidence_age_days
        return None if pd.isna(age) else self.as_of - dt.timedelta(days=int(age))

    def label(self, language: Language, factor: str) -> str:
        """The words for a factor, tagged where it speaks of other people."""
        known = self.words.factors.get(factor)
        said = factor.replace("_", " ") if known is None else language.text(known.label)
        return tagged(language, said, self.others.get(factor))

    def what(self, language: Language, spec: Feature) -> str:
        """What a feature is called beside its factor's words."""
        known = self.words.factors.get(spec.factor)
        factor = spec.factor.replace("_", " ") if known is None else language.text(known.label)
        return language.text(self._called[spec.name]).removeprefix(f"{factor}: ")

    @cached_property
    def _called(self) -> Mapping[str, Any]:
        return labels(self.features, self.words)

    def recorded(self) -> list[dt.date]:
        """Days of the newest records about the person; that the case was opened is none of them."""
        found = []
        for row in rows_of(self.reasons):
            specs = self.of(str(row.factor))
            opened = any(isinstance(spec, DaysSinceOpened) for spec in specs)
            day = None if opened or str(row.factor) in self.others else self.day(row)
            found += [day] if day is not None else []
        return found

    def without_records(self) -> list[str]:
        """Factors with no record behind them; of those about other people and of the calendar nothing is said."""
        rows = rows_of(self.reasons.sort_values("rank"))
        return [
            str(row.factor)
            for row in rows
            if not int(row.evidence_count)
            and str(row.factor) not in self.others
            and not all(isinstance(spec, CalendarMonth) for spec in self.of(str(row.factor)))
        ]

    def without_value(self) -> list[Feature]:
        """Features that have no value for this case, those of the strongest factors first."""
        found: list[Feature] = []
        for row in rows_of(self.reasons.sort_values("rank")):
            cells = cells_of(row)
            if cells and str(row.factor) not in self.others:
                found += [spec for spec in self.of(str(row.factor)) if is_missing(spec, cells, self.columns)]
        return found


def cells_of(row: Any) -> dict[str, str | None]:
    """The values of a factor's columns by name; of a release that older code made there are none."""
    names, values = getattr(row, "columns", None), getattr(row, "values", None)
    if names is None or values is None or isinstance(names, float):
        return {}
    return dict(zip((str(name) for name in names), values, strict=True))


def strongest(facts: Facts, direction: Literal["raises", "lowers"]) -> list[Any]:
    """The rows of at most `SHOWN` factors that move the score in one direction by more than `HARDLY`."""
    sign = 1 if direction == "raises" else -1
    mine = facts.reasons[sign * facts.reasons["contribution"] > HARDLY]
    return rows_of(mine.sort_values("rank").head(SHOWN))


def level(contribution: float, total: float) -> str:
    """How much a factor moves the score: strongly, moderately or slightly.

    Parameters
    ----------
    contribution : float
        Log-odds.
    total : float
        The sizes of all contributions of the case together.
    """
    size = abs(contribution)
    for name, share, least in LEVELS:
        if size >= share * total and size >= least:
            return name
    return "slightly"


def reason(language: Language, facts: Facts, row: Any, direction: Literal["raises", "lowers"]) -> Reason:
    """One factor of one case in words.

    Of a factor that speaks of other people only that something is recorded, and its direction and weight as a word: the
    length of its bar is that of the word, because an exact one would give the value away.
    """
    t, factor = language.t, str(row.factor)
    sizes = facts.reasons["contribution"].abs()
    how = level(float(row.contribution), float(sizes.sum()))
    weight = t(f"case.{direction}.{how}")
    label = facts.label(language, factor)
    if factor in facts.others:
        said = t("case.something" if int(row.evidence_count) else "case.nothing")
        return Reason(t("case.what", what=label, value=said), weight, direction, _LENGTH[how])
    # the longest bar is that of an own factor: measured by one about others, bars would tell how large that is
    longest = float(sizes[~facts.reasons["factor"].isin(list(facts.others))].max())
    length = max(1, round(10 * abs(float(row.contribution)) / longest))
    what, more = _values(language, facts, row, label)
    count, day = int(row.evidence_count), facts.day(row)
    if not count:  # the value has said so
        return Reason(what, weight, direction, length, more)
    if day is not None:
        age = t("form.days", n=int(row.evidence_age_days))
        more.append(t("case.newest_record", date=language.date(day), age=age))
    more.append(t("case.records", n=count))
    records = [_record(language, str(each)) for each in list(row.evidence_ids)[:SHOWN_RECORDS]]
    rest = count - len(records)
    return Reason(
        what, weight, direction, length, more, records, t("case.and_more", n=rest) if rest and records else ""
    )


def _values(language: Language, facts: Facts, row: Any, label: str) -> tuple[Markup, list[str]]:
    """The first sentence, of the feature that weighs most, and those of the factor's other features."""
    t, cells, count = language.t, cells_of(row), int(row.evidence_count)
    if not cells:  # of an older release it is not known which column the value is of
        value = t("case.value.not_recorded") if pd.isna(row.value) else str(row.value)
        return t("case.what", what=label, value=value), []
    listed = {column.name: column.feature for column in facts.columns}
    specs = [spec for spec in facts.of(str(row.factor)) if spec.name in {listed.get(name) for name in cells}]
    first = listed.get(str(row.feature))
    said = {}
    for spec in sorted(specs, key=lambda each: each.name != first):
        if isinstance(spec, AttributeCategory):
            value = category_words(language, spec, cells, facts.columns, facts.words)
        else:
            value = value_words(language, spec, cells[spec.name], count)
        said[facts.what(language, spec)] = value
    if not said:  # the pack has changed since
        return t("case.what", what=label, value=str(row.value)), []
    (what, value), *rest = said.items()
    if all(cell is None for cell in cells.values()):
        rest = []  # one gap is not told twice
    opening = t("case.what_of", factor=label, what=what, value=value)
    also = [t("case.pair", what=name, value=each) for name, each in rest]
    return opening, [t("case.also", values=Markup("; ").join(also))] if also else []


def _record(language: Language, text: str) -> Record:
    kind, _, day = text.rpartition("@")
    if kind and re.match(r"\d{4}-\d{2}-\d{2}", day):
        key = "case.record.case" if kind == "case" else "case.record.attribute"
        return Record(language.t(key, date=language.date(day)), is_id=False)
    return Record(text, is_id=bool(_PSEUDONYM.match(text)))
