"""What the values of a column give away: each test with its shape, its proof and its threshold.

Belongs here: tests on a column's distinct values; a result names the kind of content, never a value.
Does not belong here: which columns are tested (gate), names of columns (column_names).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc

from data_contracts.privacy import column_names as kinds
from data_contracts.privacy.common_names import FAMILY, GIVEN
from data_contracts.privacy.numbers import KINDS

_EMAIL = r"[\w.+-]+@[\w-]+\.[A-Za-z]{2,}"
_PHONE = r"^(?:\+|00|0|\()[\d ()/.\-]{6,24}$|^\d{3}[-. ]\d{3}[-. ]\d{4}$"
_DATE_SHAPE = r"^(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{4}|(?:19|20)\d{6})(?:[ T]00:00(?::00)?)?$"
_STREET = (
    r"(?i)^(?:"
    r"[\p{L} .'-]*(?:straße|strasse|str\.|weg|allee|gasse|platz|ring|damm|ufer|steig|chaussee) ?\d{1,4} ?[a-z]?"
    r"|(?:(?:flat|apt\.?|unit) ?\w{1,5},? )?\d{1,4}[a-z]? [\p{L} .'-]+ "
    r"(?:street|st|road|rd|lane|ln|avenue|ave|drive|dr|close|way|court|ct|crescent|terrace|place|boulevard|blvd|gardens|grove)"
    r")\b\.?(?:,.*)?$"
)
_BRITISH_POSTCODE = r"(?i)^[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}$"
_TOWN = r"^\d{5} \p{Lu}[\p{L} ./()-]+$"
_ZIP_PLUS_4 = r"^\d{5}-\d{4}$"
_NAME_SHAPE = r"^\p{Lu}[\p{L}.'-]*(?:,? \p{Lu}[\p{L}.'-]*){0,3}$"
_SENTENCE = r"^(?:\S+\s+){7,}\S+"

PHONE_SHARE = 0.2
BARE_PHONE_SHARE = 0.5
ADDRESS_SHARE = 0.2
POSTCODE_SHARE = 0.5
NAME_SHARE, NAME_COUNT = 0.15, 5
FAMILY_SHARE, FAMILY_COUNT = 0.03, 15
TEXT_SHARE, TEXT_COUNT = 0.2, 20
BIRTH_COUNT, BIRTH_SHARE = 20, 0.95
BIRTH_SPREAD_YEARS, BIRTH_MEDIAN_YEARS, BIRTH_OLDEST_YEARS = 12, 3, 110
WEEKEND_SHARE = 0.1


def look_at_text(distinct: Any, delivered_on: date) -> str | None:
    """What a column of text or whole numbers holds about persons.

    Parameters
    ----------
    distinct : pyarrow.Array of string
        Its distinct values, trimmed, without null marks.
    delivered_on : date
        Ages are counted to this day.

    Returns
    -------
    str or None
        The kind of content; None when nothing was found.
    """
    if len(distinct) == 0:
        return None
    longest = pc.max(pc.utf8_length(distinct)).as_py()
    if longest < 4:
        return None
    if longest < 8 and not pc.any(pc.match_substring_regex(distinct, r"[^\d.,+-]")).as_py():
        return None  # short numbers: no phone, date or insurance number fits
    if pc.any(holds_email(distinct)).as_py():
        return kinds.EMAIL
    for test in (_numbers, _phones, _addresses, _names, _sentences):
        found = test(distinct)
        if found:
            return found
    days = _days(distinct)
    return kinds.BIRTH if days is not None and looks_like_birth_dates(days, delivered_on) else None


def holds_email(values: Any) -> Any:
    """Which of these texts hold an e-mail address."""
    return pc.match_substring_regex(values, _EMAIL)


def _fitting(distinct: Any, shape: str) -> list[str]:
    return distinct.filter(pc.match_substring_regex(distinct, shape)).to_pylist()  # type: ignore[no-any-return]  # pyarrow is untyped


def _numbers(distinct: Any) -> str | None:
    for kind in KINDS:
        fitting = _fitting(distinct, kind.shape)
        if not fitting or len(fitting) < kind.share * len(distinct):
            continue
        valid = sum(kind.valid(text.replace(" ", "").replace("-", "")) for text in fitting)
        if valid and valid >= kind.share * len(distinct):
            return f"{kind.what} ({kind.name})"
    return None


def _phones(distinct: Any) -> str | None:
    dates = set(_fitting(distinct, _DATE_SHAPE))
    shaped = [text for text in _fitting(distinct, _PHONE) if text not in dates]
    if len(shaped) < PHONE_SHARE * len(distinct):
        return None
    bare = [text for text in shaped if text.isdigit()]
    written = [text for text in shaped if not text.isdigit()]
    if written and sum(_is_phone(text) for text in written) >= PHONE_SHARE * len(distinct):
        return kinds.PHONE
    long_bare = [text for text in bare if len(text) >= 10]
    if len(long_bare) >= 5 and sum(_is_phone(text) for text in long_bare) >= BARE_PHONE_SHARE * len(distinct):
        return kinds.PHONE
    return None


def _is_phone(text: str) -> bool:
    for region in ("DE", "GB", "US"):
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(text, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False


def _addresses(distinct: Any) -> str | None:
    for shape, share in (
        (_STREET, ADDRESS_SHARE),
        (_TOWN, ADDRESS_SHARE),
        (_BRITISH_POSTCODE, POSTCODE_SHARE),
        (_ZIP_PLUS_4, POSTCODE_SHARE),
    ):
        count = len(_fitting(distinct, shape))
        if count >= 3 and count >= share * len(distinct):
            return kinds.ADDRESS
    return None


def _names(distinct: Any) -> str | None:
    shaped = _fitting(distinct, _NAME_SHAPE)
    parts = [text.replace(",", " ").lower().split() for text in shaped]
    given = sum(any(part in GIVEN for part in words) for words in parts)
    if given >= NAME_COUNT and given >= NAME_SHARE * len(distinct):
        return kinds.NAME
    family = sum(len(words) <= 2 and words[-1] in FAMILY for words in parts)
    if family >= FAMILY_COUNT and family >= FAMILY_SHARE * len(distinct):
        return kinds.NAME
    return None


def _sentences(distinct: Any) -> str | None:
    count = pc.sum(pc.match_substring_regex(distinct, _SENTENCE)).as_py() or 0
    return kinds.TEXT if count >= TEXT_COUNT and count >= TEXT_SHARE * len(distinct) else None


def _days(distinct: Any) -> Any:
    """Dates that hide in text or whole numbers; None where most values are none."""
    fitting = _fitting(distinct, _DATE_SHAPE)
    if len(fitting) < BIRTH_COUNT or len(fitting) < BIRTH_SHARE * len(distinct):
        return None
    days = [day for text in fitting if (day := _as_day(text))]
    return pa.array(days, pa.date32()) if len(days) >= BIRTH_SHARE * len(distinct) else None


def _as_day(text: str) -> date | None:
    text = text.split(" ")[0].split("T")[0].replace("/", ".")
    for form in ("%Y-%m-%d", "%d.%m.%Y", "%m.%d.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y%m%d"):
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    return None


def looks_like_birth_dates(distinct: Any, delivered_on: date) -> bool:
    """Whether dates spread as births do and as an agency's working days do not.

    Parameters
    ----------
    distinct : pyarrow.Array of date32
        Distinct dates.
    delivered_on : date
        Ages are counted to this day.

    Returns
    -------
    bool
    """
    days = sorted(day for day in distinct.to_pylist() if day is not None)
    if len(days) < BIRTH_COUNT:
        return False
    ages = [(delivered_on - day).days / 365.25 for day in days]
    alive = [age for age in ages if 0 <= age <= BIRTH_OLDEST_YEARS]
    if len(alive) < BIRTH_SHARE * len(days):
        return False
    spread = ages[int(0.05 * len(ages))] - ages[int(0.95 * (len(ages) - 1))]
    weekends = sum(day.weekday() >= 5 for day in days) / len(days)
    return bool(
        spread >= BIRTH_SPREAD_YEARS
        and ages[len(ages) // 2] >= BIRTH_MEDIAN_YEARS
        and weekends >= WEEKEND_SHARE
        # months, quarters and years are no full birth dates
        and sum(day.day == 1 for day in days) < 0.9 * len(days)
    )
