"""What in a charter still waits for somebody to write it.

Belongs here: what counts as a placeholder, and the types of fields that admit one.
Does not belong here: which fields there are (sections, uses, model).

A placeholder ("TODO", "<name of the owner>", an empty field ...) is not a mistake, because people fill a charter in
over weeks. But a charter with one is not signed off: it serves `check` and `dummy`, never a run.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from features.words import Text

Location = tuple[int | str, ...]

TODO = "TODO"
_WHOLE = re.compile(
    r"(?:todo|tbd|tba|tbc|fixme|n\.?\s?n\.?|x{3,}|\?+|…|\.{3,}|-+|_+"
    r"|lorem ipsum.*|placeholder|platzhalter|offen|noch offen)[.:!]?",
    re.IGNORECASE | re.DOTALL,
)
_INSIDE = re.compile(
    r"\b(?:TODO|TBD|FIXME)\b|<[^\W\d][^<>\n]*>"  # <who signs>; not "under <5 and >2"
    r"|(?i:\bto be (?:filled|determined|decided|completed|confirmed|defined)\b|\bfill (?:this |me )?in\b"
    r"|\bbitte (?:ausfüllen|eintragen|ergänzen)\b|\bnoch (?:auszufüllen|einzutragen|zu ergänzen|zu klären)\b"
    r"|\bwird noch ergänzt\b)"
)


def is_placeholder(value: object) -> bool:
    """Whether a value of the charter still waits for somebody to write it."""
    if value is None:
        return True
    if isinstance(value, str):
        text = value.strip()
        return not text or bool(_WHOLE.fullmatch(text) or _INSIDE.search(text))
    return isinstance(value, list | dict) and not value


def unfilled(value: object) -> object:
    """None for a placeholder, the value itself otherwise."""
    return None if is_placeholder(value) else value


def _open_text(value: object) -> object:
    if isinstance(value, str):
        # one language is no Text: but whoever writes TODO should hear of the placeholder, not of a missing language
        return {"en": TODO, "de": TODO} if is_placeholder(value) else value
    if value is None or value == {}:
        return {"en": TODO, "de": TODO}
    if isinstance(value, dict):
        return {key: TODO if key in {"en", "de"} and is_placeholder(each) else each for key, each in value.items()}
    return value


def _open_list(value: object) -> object:
    if isinstance(value, list) and value:
        return value
    if isinstance(value, dict) and value:
        return [value]
    return [{"en": TODO, "de": TODO}] if is_placeholder(value) else value


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Words = Annotated[Text, BeforeValidator(_open_text, json_schema_input_type=Text | str | None)]
"""Words that reports print: both languages, or a placeholder."""
ListOfWords = Annotated[
    list[Words], BeforeValidator(_open_list, json_schema_input_type=list[Text | str] | Text | str | None)
]
Day = Annotated[date | None, BeforeValidator(unfilled, json_schema_input_type=date | str | None)]
"""A day; None while it is a placeholder."""
Group = Annotated[str, BeforeValidator(_as_text, json_schema_input_type=str | int), Field(min_length=1)]
FIGURE = BeforeValidator(unfilled, json_schema_input_type=float | str | None)


class Section(BaseModel):
    """A section of the charter: unknown fields are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def find_placeholders(value: Any, place: Location = ()) -> list[Location]:
    """Where placeholders stand in a charter as it was read."""
    # these empty lists are statements, not gaps to fill
    if place in {("fairness",), ("accepted",), ("mitigation", "may_be_chosen")} and value == []:
        return []
    if place == ("transparency",):
        return []  # a gap in the public record is listed there, and stops no run
    if is_placeholder(value):
        # optional fields that are simply left empty say nothing either: they count, so that nobody signs a half-written
        # line
        return [place]
    if isinstance(value, dict):
        return [found for key, each in value.items() for found in find_placeholders(each, (*place, key))]
    if isinstance(value, list):
        return [found for i, each in enumerate(value) for found in find_placeholders(each, (*place, i))]
    return []
