"""The value of a feature in words: its unit, and what it means that there is none.

Belongs here: one cell as it stands in a sentence.
Does not belong here: what the feature is called (features.labels), sentences around it (reasons).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from babel.dates import get_month_names
from markupsafe import Markup

from fairness_reports.language import Language
from features.fields import EventFeature, Feature
from features.kinds import AttributeCategory
from features.spec import Column
from features.words import Words

_DAYS = frozenset(
    ["days_since_last", "days_since_first", "longest_gap", "episode_days", "days_in_episode", "days_since_opened"]
)
_COUNTED = frozenset(["count", "distinct", "any", "sum", "rate", "open_episodes", "episode_days"])
_NEEDS_TWO = frozenset(["std", "slope", "longest_gap", "change"])


def value_words(language: Language, spec: Feature, value: str | None, records: int) -> str:
    """A value as it stands behind the name of its feature.

    Parameters
    ----------
    language : Language
        The language.
    spec : Feature
        Any kind but a category, which has several columns (`category_words`).
    value : str, optional
        As in explanations.parquet; None where the cell is missing.
    records : int
        How many records stand behind the feature's factor.

    Returns
    -------
    str
        "4", "12 days", "33%", "yes"; where nothing is recorded, that, and what the model was given in its place. Of a
        counted zero it says whether it was collected for the whole time or just not recorded.
    """
    if value is None:
        return _nothing(language, spec)
    number = float(value)
    shown = _shown(language, spec.kind, number)
    if records == 0 and isinstance(spec, EventFeature):
        if spec.kind in _COUNTED and number == 0:
            return language.t("case.value.none_collected" if spec.source else "case.value.none", value=shown)
        if number == _filler(spec):
            return language.t("case.value.filler", value=shown)
    return shown


def category_words(
    language: Language,
    spec: AttributeCategory,
    cells: Mapping[str, str | None],
    columns: Sequence[Column],
    words: Words,
) -> str:
    """What is recorded of an attribute with categories, from the cells of its columns."""
    mine = [column for column in columns if column.feature == spec.name]
    if all(cells.get(column.name) is None for column in mine):
        return language.t("case.value.not_recorded")
    chosen = next((column for column in mine if cells.get(column.name) not in (None, "0")), None)
    if chosen is None:
        return language.t("case.value.no_category")
    if not chosen.category:
        return language.t("case.value.not_recorded")
    known = words.attributes.get(spec.attribute)
    return language.text((known.values.get(chosen.category) if known is not None else None) or chosen.category)


def is_missing(spec: Feature, cells: Mapping[str, str | None], columns: Sequence[Column]) -> bool:
    """Whether a feature has no value for this case."""
    if isinstance(spec, AttributeCategory):
        mine = [column for column in columns if column.feature == spec.name]
        blank = any(column.category == "" and cells.get(column.name) not in (None, "0") for column in mine)
        return blank or all(cells.get(column.name) is None for column in mine)
    return cells.get(spec.name) is None


def _filler(spec: EventFeature) -> float | None:
    """The number that stands where nothing happened; None where the cell stays empty."""
    if isinstance(spec.missing, str):
        return 0.0 if spec.missing == "zero" else None
    return float(spec.missing)


def _nothing(language: Language, spec: Feature) -> Markup:
    if not isinstance(spec, EventFeature):
        return language.t("case.value.not_recorded")
    if spec.source is not None:
        # a feature that fills its gaps is empty for one reason only
        certain = spec.missing != "missing"
        return language.t("case.value.not_collected" if certain else "case.value.nothing_or_not_collected")
    if spec.need == "open":
        return language.t("case.value.none_open")
    return language.t("case.value.too_few" if spec.kind in _NEEDS_TWO else "case.value.nothing")


def _shown(language: Language, kind: str, number: float) -> str:
    if kind == "any":
        return language.t("case.value.yes" if number else "case.value.no")
    if kind == "share":
        return language.percent(number)
    if kind == "calendar_month":
        return str(get_month_names("wide", locale=language.code)[int(number)])
    if kind in _DAYS:
        return language.t("form.days", n=int(number))
    digits = 0 if number == int(number) else 1 if abs(number) >= 10 else 2
    return language.signed(number, digits) if kind in ("change", "slope") else language.number(number, digits)
