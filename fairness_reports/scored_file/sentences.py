"""The sentences of the audit of a foreign table, English and German.

Belongs here: asking the catalogue, numbers in the form of the language.
Does not belong here: which sentence is said when (run, told), the sentences themselves (the catalogue).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fairness_reports.language import LANGUAGES, Language, catalogue


@dataclass(frozen=True)
class Share:
    """A share of one, shown as a percentage; `below` where only its upper limit may be told."""

    value: float
    below: bool = False


@dataclass(frozen=True)
class Number:
    """A number with all the decimals that somebody gave."""

    value: float


@dataclass(frozen=True)
class Few:
    """A number of cases, of which fewer than the minimum cell are not counted out."""

    value: int
    minimum: int


@dataclass(frozen=True)
class Named:
    """What the catalogue calls something, in the language of the sentence around it."""

    key: str


def say(language: Language, section: str, code: str, **values: Any) -> str:
    """A sentence in one language; numbers, `Share`, `Few` and `Named` are shown in its form, text as it is.

    Parameters
    ----------
    language : Language
        The language.
    section : {'note', 'told'}
        Remarks that stand in audit.json and tables.xlsx too, or what only the terminal says.
    code : str
        Which sentence.
    **values : object
        For its placeholders; `n` chooses between the forms for one and for several.
    """
    text = catalogue(language.code)[f"audit_file.{section}.{code}"]
    if not isinstance(text, str):
        n = values["n"]
        one = n.value == 1 and n.minimum <= 1 if isinstance(n, Few) else n == 1
        text = text["one" if one else "other"]
    return str(text).format(**{name: _form(language, value) for name, value in values.items()})


def note(code: str, **values: Any) -> dict[str, str]:
    """A remark in both languages.

    Parameters
    ----------
    code : str
        Which one.
    **values : object
        For its placeholders.

    Returns
    -------
    dict of str to str
        code, en, de. Plain text: whoever puts it into a page has to escape it.
    """
    return {"code": code} | both("note", code, **values)


def both(section: str, code: str, **values: Any) -> dict[str, str]:
    """A sentence in both languages: en, de."""
    return {each: say(Language(each), section, code, **values) for each in LANGUAGES}


def _form(language: Language, value: Any) -> str:
    if isinstance(value, Share):
        digits = 0 if (value.value * 100).is_integer() else 1
        return ("< " if value.below else "") + language.percent(value.value, digits)
    if isinstance(value, Number):
        digits = max(0, -int(Decimal(str(value.value)).as_tuple().exponent))
        return language.number(value.value, 0 if value.value.is_integer() else digits)
    if isinstance(value, Named):
        return str(language.t(value.key))
    if isinstance(value, Few):
        few = value.value < value.minimum
        return str(language.t("form.fewer", n=value.minimum)) if few else language.number(value.value)
    return value if isinstance(value, str) else language.number(value)
