"""Sentences, numbers and dates in English and German.

Belongs here: the message catalogues' reader, number and date forms.
Does not belong here: which sentence stands where (the views), a programme's own words (features.words), or the words
that no report may use (fairness_reports.wording).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Any

from babel import Locale
from babel.dates import format_date
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from markupsafe import Markup, escape

from data_contracts.errors import PlumblineError
from fairness_reports.wording import REFUSED, refused_wording
from features.words import Text

__all__ = ["LANGUAGES", "NAMES", "REFUSED", "Language", "catalogue", "placeholders", "plain", "refused_wording"]

LANGUAGES = ("en", "de")
NAMES = {"en": "English", "de": "Deutsch"}
_LOCALES = {"en": "en_GB", "de": "de_DE"}
_NO_BREAK = "\u00a0"  # German sets a space before the percent sign; a line must not break there


class Language:
    """One language: its catalogue and its forms of numbers and dates.

    Parameters
    ----------
    code : {'en', 'de'}
        The language.
    """

    def __init__(self, code: str) -> None:
        self.code = code
        self.name = NAMES[code]
        self.other = next(language for language in LANGUAGES if language != code)
        self._messages = catalogue(code)
        self._locale = Locale.parse(_LOCALES[code])

    def t(self, key: str, **values: Any) -> Markup:
        """A sentence of the catalogue.

        Parameters
        ----------
        key : str
            Its key, dots between the levels.
        **values : object
            What stands for its placeholders; text is escaped. Where a sentence has a form for one and one for
            many, `n` chooses, and is shown in the language's form.

        Returns
        -------
        Markup
        """
        message = self._messages.get(key)
        if message is None:
            raise PlumblineError(f"The catalogue has no sentence “{key}”.", where=f"catalogue/{self.code}")
        if isinstance(message, Mapping):
            n = values["n"]
            message = message[self._locale.plural_form(n)]
            values = {**values, "n": self.number(n)}
        return Markup(message).format(**values)  # noqa: S704  (the catalogue is ours; the values are escaped)

    def plain(self, key: str, **values: Any) -> str:
        """The same for a cell, a terminal or a record: with the characters that a page escapes."""
        return plain(self.t(key, **values))

    def has(self, key: str) -> bool:
        """Whether the catalogue has this sentence."""
        return key in self._messages

    def word(self, group: str, name: str) -> Markup:
        """The word for a code (a metric, a state); the code itself where the catalogue does not know it."""
        key = f"{group}.{name}"
        return self.t(key) if self.has(key) else escape(name.replace("_", " "))

    def text(self, text: Text | Mapping[str, str] | str | None) -> str:
        """A programme's own words in this language."""
        if text is None or isinstance(text, str):
            return text or ""
        return str(text[self.code])

    def number(self, value: float | None, digits: int = 0) -> str:
        """A number with grouped thousands and so many decimals."""
        if _unknown(value):
            return "–"
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return _minus(format_decimal(_rounded(value, digits), format=pattern, locale=self._locale))

    def percent(self, share: float | None, digits: int = 0) -> str:
        """A share of one as a percentage."""
        if _unknown(share):
            return "–"
        return self.number(float(share or 0) * 100, digits) + (f"{_NO_BREAK}%" if self.code == "de" else "%")

    def points(self, difference: float | None, digits: int = 1) -> str:
        """A difference of two shares in percentage points, with its sign."""
        if _unknown(difference):
            return "–"
        return str(self.t("form.points", value=self.signed(float(difference or 0) * 100, digits)))

    def signed(self, value: float | None, digits: int = 2) -> str:
        """A number with its sign."""
        if _unknown(value):
            return "–"
        text = self.number(value, digits)
        return f"+{text}" if _rounded(value, digits) > 0 else text

    def month(self, day: date) -> str:
        """A month and its year, short."""
        return str(format_date(day, "MMM y", locale=self._locale))

    def date(self, day: date | str | None) -> str:
        """A date written out."""
        if day is None or (isinstance(day, float) and math.isnan(day)):
            return "–"
        if isinstance(day, str):
            day = date.fromisoformat(day[:10])
        return str(format_date(day, "long", locale=self._locale))

    def period(self, name: str | None) -> str:
        """The name of a split or a cohort in a sentence: written out where it is a day, as it is otherwise."""
        if name is None:
            return "–"
        try:
            return self.date(date.fromisoformat(name)) if len(name) == len("2024-01-01") else name
        except ValueError:
            return name

    def listing(self, items: Sequence[str]) -> Markup:
        """Items with commas and an "and"."""
        safe = [escape(item) for item in items]
        if len(safe) < 2:
            return safe[0] if safe else Markup("")
        return Markup(", ").join(safe[:-1]) + Markup(" ") + self.t("form.and") + Markup(" ") + safe[-1]


def plain(text: str) -> str:
    """The characters themselves of a sentence that is escaped for pages."""
    return str(text.unescape()) if isinstance(text, Markup) else text


def _unknown(value: float | None) -> bool:
    return value is None or value != value  # NaN; also pandas' missing values after float()


def _rounded(value: float | None, digits: int) -> float:
    result = round(float(value or 0), digits)
    return 0.0 if result == 0 else result  # no minus zero


def _minus(text: str) -> str:
    return text.replace("-", "−")


@cache
def catalogue(code: str) -> dict[str, Any]:
    """The sentences of a language by key, from its gettext files; a sentence with forms is a mapping of one and other.

    Raises
    ------
    PlumblineError
        When a key stands in two files.
    """
    found: dict[str, Any] = {}
    for path in sorted((files("fairness_reports") / "catalogue" / code).iterdir(), key=lambda each: each.name):
        with path.open("rb") as handle:
            read = read_po(handle, locale=code, abort_invalid=True)
        for message in read:
            if not message.id:
                continue  # the head of the file
            key = message.id if isinstance(message.id, str) else message.id[0]
            if key in found:
                raise PlumblineError(f"“{key}” stands in the catalogue twice.", where=path.name)
            forms = message.string
            found[key] = forms if isinstance(forms, str) else dict(zip(("one", "other"), forms, strict=True))
    return found


def placeholders(message: Any) -> set[str]:
    """The names that a sentence has placeholders for."""
    forms = message.values() if isinstance(message, Mapping) else [message]
    return {name for form in forms for _, name, _, _ in Formatter().parse(form) if name}
