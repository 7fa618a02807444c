"""National and insurance numbers: their shapes and check digits.

Belongs here: one test per kind of number.
Does not belong here: how many of a column's values must pass it (contents).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stdnum import iban
from stdnum.de import idnr
from stdnum.gb import nhs, upn
from stdnum.us import ssn

from data_contracts.privacy.column_names import ACCOUNT, NUMBER

_LETTERS = {chr(ord("A") + index): f"{index + 1:02d}" for index in range(26)}


def _digit_sum(number: int) -> int:
    return sum(int(digit) for digit in str(number))


def is_pension_insurance_number(text: str) -> bool:
    """Whether a text is a German Rentenversicherungsnummer: area, birth date, letter, serial number, check digit.

    Examples
    --------
    >>> is_pension_insurance_number("65170839J003"), is_pension_insurance_number("65170839J004")
    (True, False)
    """
    if len(text) != 12 or text[8] not in _LETTERS or not (text[:8] + text[9:]).isdigit():
        return False
    if not 1 <= int(text[4:6]) <= 12 or not 1 <= int(text[2:4]) % 50 <= 31:
        return False
    digits = text[:8] + _LETTERS[text[8]] + text[9:11]
    factors = (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)
    total = sum(_digit_sum(int(digit) * factor) for digit, factor in zip(digits, factors, strict=True))
    return total % 10 == int(text[11])


def is_health_insurance_number(text: str) -> bool:
    """Whether a text is a German Krankenversichertennummer: a letter, eight digits, check digit.

    Examples
    --------
    >>> is_health_insurance_number("A123456780"), is_health_insurance_number("A123456781")
    (True, False)
    """
    if len(text) != 10 or text[0] not in _LETTERS or not text[1:].isdigit():
        return False
    digits = _LETTERS[text[0]] + text[1:9]
    total = sum(_digit_sum(int(digit) * (1 + index % 2)) for index, digit in enumerate(digits))
    return total % 10 == int(text[9])


@dataclass(frozen=True)
class Kind:
    """One kind of number.

    Attributes
    ----------
    name : str
        As a message says it.
    shape : str
        Regular expression (RE2) that every such number fits, spaces and hyphens included.
    valid : callable
        Whether a text without spaces and hyphens is one.
    share : float
        The share of a column's distinct values that must pass.
    what : str
        The kind of content that it counts as.
    """

    name: str
    shape: str
    valid: Callable[[str], bool]
    share: float
    what: str = NUMBER


def _shape_is_enough(_: str) -> bool:
    return True


# A shape with letters hardly occurs by chance; where one number in ten has the right check digit, half must have it.
KINDS = (
    Kind("German tax identification numbers", r"^\d{2} ?\d{3} ?\d{3} ?\d{3}$", idnr.is_valid, 0.2),
    Kind("German pension insurance numbers", r"^\d{2} ?\d{6} ?[A-Z] ?\d{3}$", is_pension_insurance_number, 0.2),
    Kind("German health insurance numbers", r"^[A-Z]\d{3} ?\d{3} ?\d{3}$", is_health_insurance_number, 0.5),
    Kind("NHS numbers", r"^\d{3}[ -]?\d{3}[ -]?\d{4}$", nhs.is_valid, 0.5),
    Kind(
        "National Insurance numbers",
        r"^[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]$",
        _shape_is_enough,
        0.2,
    ),
    Kind("unique pupil numbers", r"^[A-Z]\d{11}[0-9A-Z]$", upn.is_valid, 0.2),
    Kind("Social Security numbers", r"^\d{3}-\d{2}-\d{4}$", ssn.is_valid, 0.2),
    Kind(
        "Medicare numbers",
        r"^[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y]{2}\d{2}$",
        _shape_is_enough,
        0.2,
    ),
    Kind("IBAN", r"^[A-Z]{2}\d{2}[ 0-9A-Z]{11,38}$", iban.is_valid, 0.2, ACCOUNT),
)
