"""One field of a record: its answer in both languages, where that comes from, and who should fill it in.

Belongs here: the form that all records share.
Does not belong here: which fields a record has (card, atrs, impact, inventory).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Literal

from fairness_reports.charter import is_placeholder
from fairness_reports.language import LANGUAGES, Language, plain
from features.words import Text

Role = Literal["owner", "data_protection", "practice_lead", "analyst", "supplier"]
"""Who should fill a gap in; the catalogue has their words."""
Said = str | dict[str, str]
"""A text that is the same in both languages, or {en, de}."""
Entry = dict[str, Any]

RELEASE = "release"
PLUMBLINE = "plumbline"


def both(tell: Callable[[Language], str]) -> dict[str, str]:
    """A text in both languages, as plain text: what enters a page is escaped there."""
    return {code: plain(tell(Language(code))) for code in LANGUAGES}


def sentence(key: str, **values: Any) -> dict[str, str]:
    """A sentence of the catalogue in both languages; values are the same in both."""
    return both(lambda language: language.t(key, **values))


def said(value: Any) -> list[Said]:
    """What a pack says, as plain values; nothing where it holds a placeholder.

    Parameters
    ----------
    value : Text, str, date, list of these, or None
        A field of a pack.

    Returns
    -------
    list of str or {en, de}
    """
    if value is None:
        return []
    if isinstance(value, Text):
        told = {code: value[code] for code in LANGUAGES}
        return [] if any(is_placeholder(text) for text in told.values()) else [told]
    if isinstance(value, date):
        return [both(lambda language: language.date(value))]
    if isinstance(value, str):
        return [] if is_placeholder(value) else [value]
    return [text for each in value for text in said(each)]


def pairs(key: str, rows: Sequence[tuple[object, ...]]) -> list[Said]:
    """Texts that belong together, each row as one text.

    Parameters
    ----------
    key : str
        The sentence of the catalogue, after `transparency.`, with {a}, {b} and so on.
    rows : sequence of tuple
        What stands for these: fields of a pack. A row with a gap or a placeholder is left out.

    Returns
    -------
    list of {en, de}
    """
    found: list[Said] = []
    for row in rows:
        parts = [said(part) for part in row]
        if not all(parts):
            continue
        named = {"abc"[i]: part[0] for i, part in enumerate(parts)}
        found.append(_with(f"transparency.{key}", named))
    return found


def _with(key: str, named: dict[str, Said]) -> Said:
    return both(lambda language: language.t(key, **{name: in_language(text, language) for name, text in named.items()}))


def in_language(text: Said, language: Language) -> str:
    """A text in one language."""
    return text if isinstance(text, str) else text[language.code]


def entry(
    field: str,
    value: Sequence[Said],
    source: str,
    who: Role,
    *,
    number: str | None = None,
    name: str | None = None,
    open_part: bool = False,
) -> Entry:
    """One field of a record.

    Parameters
    ----------
    field : str
        Its short name.
    value : sequence of str or {en, de}
        The answers.
    source : str
        Where they come from; where there is none, where one should be written.
    who : str
        The role that should fill it in.
    number : str, optional
        The number that the standard gives it.
    name : str, optional
        Its official English name.
    open_part : bool
        Whether something is missing beside what is there.

    Returns
    -------
    dict
        number and name where given, field, value (list, or null), source, missing, who (null when nothing is missing).
    """
    missing = not value or open_part
    made: Entry = {} if number is None else {"number": number}
    made["field"] = field
    if name is not None:
        made["name"] = name
    return made | {
        "value": list(value) or None,
        "source": source,
        "missing": missing,
        "who": who if missing else None,
    }
