"""Values of features and ranges of them in words: their unit stands once, in the language's own form.

Belongs here: one number, one range.
Does not belong here: what a missing value means for a case (case.values), what the feature is called (features.labels).
"""

from __future__ import annotations

from babel.dates import get_month_names
from markupsafe import Markup, escape

from fairness_reports.language import Language

DAYS = frozenset(
    ["days_since_last", "days_since_first", "longest_gap", "episode_days", "days_in_episode", "days_since_opened"]
)
"""Kinds of feature whose values are days."""
_SIGNED = frozenset(["change", "slope"])


def number_words(language: Language, kind: str | None, value: float) -> Markup:
    """A value with its unit: "4", "12 days", "33%", "yes".

    Parameters
    ----------
    language : Language
        The language.
    kind : str or None
        The feature's kind (features.kinds); None where it is not known.
    value : float
        The value.
    """
    if kind == "any":
        return language.t("value.yes" if value else "value.no")
    if kind in DAYS and value == int(value):
        return language.t("form.days", n=int(value))
    if kind == "age_years" and value == int(value):
        return language.t("value.years", n=int(value))
    if kind == "share":
        return escape(language.percent(value))
    return _bare(language, kind, value)


def range_words(
    language: Language, kind: str | None, low: float | None, high: float | None, *, below: bool = False
) -> Markup:
    """A range of values, its unit once.

    Parameters
    ----------
    language, kind
        As for `number_words`.
    low, high : float or None
        Its ends; None where it is open. Two equal ends are one value.
    below : bool
        Whether the upper end does not belong to it.

    Returns
    -------
    Markup
        "2 to 40 days", "up to 5", "under 0.5", "12 and more".
    """
    if low is None and high is None:
        return language.t("value.all")
    if low is not None and high is not None:
        if low == high:
            return number_words(language, kind, low)
        key = "value.to_under" if below else "value.to"
        return language.t(key, low=_bare(language, kind, low), high=number_words(language, kind, high))
    if low is None:
        return language.t("value.under" if below else "value.up_to", high=number_words(language, kind, high or 0.0))
    return language.t("value.and_more", low=number_words(language, kind, low))


def _bare(language: Language, kind: str | None, value: float) -> Markup:
    """The number without its unit."""
    if kind == "calendar_month":
        return escape(get_month_names("wide", locale=language.code)[int(value)])
    if kind == "share":
        return escape(language.number(value * 100))
    digits = 0 if value == int(value) else 1 if abs(value) >= 10 else 2
    shown = language.signed(value, digits) if kind in _SIGNED else language.number(value, digits)
    decimal = language.number(0.5, 1)[1]
    return escape(shown.rstrip("0").rstrip(decimal) if digits == 2 and shown.endswith("0") else shown)
