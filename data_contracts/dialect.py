"""How a file writes its values: encoding, delimiter, marks, date formats, rows above the header and below the data.

Belongs here: the declared dialect and the forms of a date format.
Does not belong here: applying it to a file (reading).
"""

from __future__ import annotations

import codecs
import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

# Letters of a date format as spreadsheets and ODCS (JDK) write them, longest first
_LETTERS = [
    ("yyyy", "%Y"),
    ("YYYY", "%Y"),
    ("jjjj", "%Y"),
    ("JJJJ", "%Y"),
    ("MM", "%m"),
    ("M", "%m"),
    ("dd", "%d"),
    ("DD", "%d"),
    ("TT", "%d"),
    ("d", "%d"),
    ("HH", "%H"),
    ("mm", "%M"),
    ("ss", "%S"),
]
_KNOWN = {"%Y", "%m", "%d", "%H", "%M", "%S", "%%"}


def strptime_format(text: str) -> str:
    """A date format in the form of `datetime.strptime`.

    Parameters
    ----------
    text : str
        For example `dd.MM.yyyy`, `TT.MM.JJJJ` or `%d.%m.%Y`.

    Returns
    -------
    str
        For example `%d.%m.%Y`.

    Raises
    ------
    ValueError
        When it has no day, month or four-digit year, or holds letters that are none of these.

    Examples
    --------
    >>> strptime_format("dd/MM/yyyy HH:mm")
    '%d/%m/%Y %H:%M'
    """
    made = text if "%" in text else _from_letters(text)
    fields = re.findall(r"%.", made)
    unknown = [field for field in fields if field not in _KNOWN]
    if "%y" in unknown:
        raise ValueError("a two-digit year does not say the century.")
    if unknown:
        raise ValueError(f"“{unknown[0]}” is not understood.")
    if sorted(field for field in fields if field in ("%Y", "%m", "%d")) != ["%Y", "%d", "%m"]:
        raise ValueError("it needs day, month and four-digit year, once each.")
    return made


def _from_letters(text: str) -> str:
    made, rest = "", text
    while rest:
        for letters, field in _LETTERS:
            if rest.startswith(letters):
                made, rest = made + field, rest[len(letters) :]
                break
        else:
            if rest[0].isalpha() and rest[0] != "T":
                word = re.match(r"[A-Za-z]+", rest)
                letters = word.group() if word else rest[0]
                century = " A two-digit year does not say the century." if letters in ("yy", "YY", "JJ", "jj") else ""
                raise ValueError(f"“{letters}” is not understood.{century}")
            made, rest = made + rest[0], rest[1:]
    return made


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


class Dialect(BaseModel):
    """How the files of a table are written. The defaults are those of RFC 4180 and ISO 8601 in UTF-8."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    decimal: str = "."
    thousands: str | None = None
    date_format: Annotated[list[str], BeforeValidator(_as_list)] = Field(default_factory=list, alias="dateFormat")
    null_marks: list[str] = Field(default_factory=list, alias="nullMarks")
    header_row: int = Field(1, ge=1, alias="headerRow")
    footer_rows: int = Field(0, ge=0, alias="footerRows")
    sheet: str | None = None

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            name = codecs.lookup(value).name
        except LookupError:
            raise ValueError(f"“{value}” is no encoding that Python knows, such as utf-8 or cp1252.") from None
        # a BOM is tolerated wherever UTF-8 is declared
        return "utf-8" if name == "utf-8-sig" else name

    @field_validator("delimiter", "quote", "decimal", "thousands")
    @classmethod
    def _one_character(cls, value: str | None) -> str | None:
        value = "\t" if value == "\\t" else value
        if value is not None and len(value) != 1:
            raise ValueError("it is one character.")
        return value

    @field_validator("delimiter", "quote")
    @classmethod
    def _ascii(cls, value: str) -> str:
        if not value.isascii():
            raise ValueError("it is an ASCII character.")
        return value

    @field_validator("null_marks", mode="before")
    @classmethod
    def _marks_are_text(cls, value: Any) -> Any:
        # `nullMarks: [-9, 99]` is written without quotes more often than with
        return [str(mark) if isinstance(mark, int) else mark for mark in value] if isinstance(value, list) else value

    @field_validator("date_format")
    @classmethod
    def _known_formats(cls, value: list[str]) -> list[str]:
        orders = {re.sub(r"%[HMS]|[^%Ymd]", "", strptime_format(one)) for one in value}
        if {"%d%m%Y", "%m%d%Y"} <= orders:
            raise ValueError("day first and month first together are ambiguous: keep one.")
        return value

    @model_validator(mode="after")
    def _different_marks(self) -> Dialect:
        if self.decimal == self.thousands:
            raise ValueError("decimal and thousands mark are the same.")
        if self.delimiter == self.quote:
            raise ValueError("delimiter and quote are the same.")
        return self

    @property
    def date_formats(self) -> list[str]:
        """The date formats as `strptime` knows them."""
        return [strptime_format(one) for one in self.date_format]
