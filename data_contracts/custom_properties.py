"""ODCS keeps extensions in `customProperties`, a list of {property, value}: ours become fields with their lines.

Belongs here: the closed list of our custom properties per level, and lifting them to where the models read them.
Does not belong here: what a property means (contract, dialect).
"""

from __future__ import annotations

from typing import Any

from data_contracts.errors import Mistake
from data_contracts.yamldoc import Document, Location, nearest

CONTRACT_PROPERTIES = ("quarantineCeiling", "keySpaces")
TABLE_PROPERTIES = (
    "filePatterns",
    "dialect",
    "knowledgeDay",
    "collected",
    "overwrittenInPlace",
    "optional",
    "purpose",
    "retention",
)
COLUMN_PROPERTIES = ("keySpace", "purpose", "retention", "optional", "privacyReviewed")


def lift(document: Document) -> list[Mistake]:
    """Move our custom properties up to fields of the object that carries them, in place.

    Properties with a dot in their name belong to other tools and are left out.

    Parameters
    ----------
    document : Document
        A contract.

    Returns
    -------
    list of Mistake
        Unknown properties, and fields of ours that stand outside customProperties.
    """
    mistakes = _lift_one(document, (), document.data, CONTRACT_PROPERTIES)
    tables = document.data.get("schema")
    for index, table in enumerate(tables if isinstance(tables, list) else []):
        if not isinstance(table, dict):
            continue
        mistakes += _lift_one(document, ("schema", index), table, TABLE_PROPERTIES)
        columns = table.get("properties")
        for position, column in enumerate(columns if isinstance(columns, list) else []):
            if isinstance(column, dict):
                place = ("schema", index, "properties", position)
                mistakes += _lift_one(document, place, column, COLUMN_PROPERTIES)
    return mistakes


def _lift_one(document: Document, place: Location, owner: dict[str, Any], known: tuple[str, ...]) -> list[Mistake]:
    mistakes: list[Mistake] = []
    for name in known:
        if name in owner:
            owner.pop(name)
            mistakes.append(
                document.mistake(
                    (*place, name),
                    f"“{name}” is no field of ODCS.",
                    "Write it under customProperties as property, value.",
                )
            )
    entries = owner.pop("customProperties", [])
    if not isinstance(entries, list):
        return [
            *mistakes,
            document.mistake((*place, "customProperties"), "customProperties is a list of property and value."),
        ]
    for index, entry in enumerate(entries):
        step: Location = (*place, "customProperties", index)
        if not isinstance(entry, dict) or not isinstance(entry.get("property"), str) or "value" not in entry:
            mistakes.append(document.mistake(step, "a custom property has “property” and “value”.", "Write both."))
            continue
        name = entry["property"]
        if "." in name:
            continue
        if name not in known:
            advice = nearest(name, known) or f"Known here: {', '.join(known)}."
            mistakes.append(document.mistake(step, f"“{name}” is no custom property here.", advice))
            continue
        if name in owner:
            mistakes.append(document.mistake(step, f"“{name}” stands twice.", "Keep one."))
            continue
        owner[name] = entry["value"]
        _copy_lines(document, (*step, "value"), (*place, name))
    return mistakes


def _copy_lines(document: Document, source: Location, target: Location) -> None:
    size = len(source)
    moved = {(*target, *place[size:]): line for place, line in document.lines.items() if place[:size] == source}
    document.lines.update(moved)
