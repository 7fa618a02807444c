"""What a contract says that cannot be, beyond the shape of its fields.

Belongs here: checks within a table and between tables, each with its place in the file and what to do.
Does not belong here: the models (contract), rules and relationships (rules).
"""

from __future__ import annotations

from data_contracts.contract import Column, Table
from data_contracts.dialect import strptime_format
from data_contracts.errors import Mistake
from data_contracts.yamldoc import Document, Location, nearest

# Columns that every staging or raw table has beside the contract's own
RESERVED = frozenset(
    (
        *("programme", "delivery_id", "source_file", "source_row", "content_hash", "first_delivery_id"),
        *("first_delivered_on", "ended_by", "rules", "identity"),
        *("_row", "_file", "_unparsed", "_source_row", "_known_on"),
    )
)


def table_mistakes(document: Document, place: Location, table: Table) -> list[Mistake]:
    """What one table says that cannot be."""
    mistakes: list[Mistake] = []

    def say(step: Location, what: str, todo: str) -> None:
        mistakes.append(document.mistake((*place, *step), f"table “{table.name}”: {what}", todo))

    if not table.patterns:
        say(("name",), "no file pattern.", "Give physicalName or the custom property filePatterns.")
    names: set[str] = set()
    headers: set[str] = set()
    for index, column in enumerate(table.columns):
        step: Location = ("properties", index)
        if column.name.lower() in names:
            say(step, f"column “{column.name}” stands twice.", "Keep one; upper and lower case count as the same.")
        if column.header in headers:
            say(step, f"the header “{column.header}” is read twice.", "Keep one column for it.")
        names.add(column.name.lower())
        headers.add(column.header)
        for what, todo in _column_mistakes(column):
            say(step, f"column “{column.name}”: {what}", todo)
    stored = [column.name for column in table.stored]
    if not stored:
        say(("properties",), "no column is stored.", "Leave the table out, or keep a column.")
    source = table.knowledge_day.source_column
    if source is not None:
        if source not in stored:
            say(
                ("knowledgeDay",),
                f"the knowledge day names “{source}”, which is no stored column.",
                nearest(source, stored) or "Name one of its columns.",
            )
        elif table.column(source).logical_type not in ("date", "timestamp"):
            say(("knowledgeDay",), f"the knowledge day's column “{source}” is no date.", "Give it logicalType date.")
    for index, name in enumerate(table.overwritten_in_place):
        if name not in stored:
            say(
                ("overwrittenInPlace", index),
                f"overwrittenInPlace names “{name}”, which is no stored column.",
                nearest(name, stored) or "Name one of its columns.",
            )
    for what, of in (("purpose", table.purpose_of), ("retention", table.retention_of)):
        without = [index for index, column in enumerate(table.columns) if column.is_stored and not of(column)]
        if without:
            # one sentence for all of them: a table without its line would fill a screen
            quoted = ", ".join(f"“{table.columns[index].name}”" for index in without)
            said = f"column {quoted} has" if len(without) == 1 else f"{len(without)} columns have"
            listed = "" if len(without) == 1 else f": {quoted}"
            say(
                ("properties", without[0]),
                f"{said} no {what}{listed}.",
                f"Declare it once for the table, or at each column: {{property: {what}, value: ...}}.",
            )
    return mistakes


def _column_mistakes(column: Column) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if column.name.lower() in RESERVED or column.name.startswith("_"):
        found.append(
            ("the name is used by the warehouse itself.", "Choose another and keep the header as physicalName.")
        )
    special = [tag for tag in column.tags if tag in ("key", "birth_date", "identifier", "free_text", "drop")]
    if len(special) > 1:
        found.append((f"the tags {' and '.join(special)} exclude each other.", "Keep one."))
    if column.key_space_name and not column.is_key:
        found.append(("it has a keySpace but is not tagged key.", "Tag it key, or remove keySpace."))
    if column.primary_key and not column.is_stored:
        found.append(("it is part of the primary key but is not stored.", "Tag it key instead."))
    if column.is_birth_date and column.logical_type not in ("date", "timestamp"):
        found.append(("a birth date needs logicalType date.", "Change its logicalType."))
    options = column.logical_type_options
    if column.is_key and options.model_dump(exclude_none=True):
        found.append(("a key is pseudonymised before any rule sees it.", "Remove its logicalTypeOptions."))
    if column.is_key and column.logical_type not in ("string", "integer"):
        found.append(("a key is a string or an integer.", "Change its logicalType."))
    if options.format:
        try:
            strptime_format(options.format)
        except ValueError as error:
            found.append((f"its format: {error}", "Write for example dd.MM.yyyy."))
    return found


def cross_mistakes(document: Document, tables: list[tuple[int, Table]], key_spaces: dict[str, str]) -> list[Mistake]:
    """What tables say together that cannot be; relationships are rules, which `data_contracts.rules` checks."""
    mistakes: list[Mistake] = []
    if len({table.name.lower() for _, table in tables}) < len(tables):
        mistakes.append(document.mistake(("schema",), "two tables have the same name.", "Rename one."))
    for index, table in tables:
        for position, column in enumerate(table.columns):
            place: Location = ("schema", index, "properties", position)
            if key_spaces and column.key_space and column.key_space not in key_spaces:
                mistakes.append(
                    document.mistake(
                        place,
                        f"the key space “{column.key_space}” of “{table.name}.{column.name}” is not declared.",
                        nearest(column.key_space, list(key_spaces)) or "Add it to keySpaces.",
                    )
                )
    return mistakes
