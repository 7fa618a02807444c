"""JSON schemas of a pack's files, made from the models that read them.

Belongs here: collecting the models' own words into schemas; `python -m pipelines.schemas` writes them to docs/schemas.
Does not belong here: what a file may say (each room owns the model of its section).

An editor that knows a schema completes fields, shows what they mean, and marks mistakes of one file while it is being
written. What holds between files only `plumbline check` can tell. contract.odcs.yaml has the schema of its standard.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from fairness_reports.charter import Charter
from features.words import Words
from models.spec import SIMPLEST_FIRST, Vignettes
from pipelines.packs import Programme

FOLDER = Path(__file__).parents[1] / "docs" / "schemas"
FILES: dict[str, type[BaseModel]] = {
    "programme": Programme,
    "charter": Charter,
    "words": Words,
    "vignettes": Vignettes,
}
"""File of a pack, without its ending -> its model."""

# the short forms that a model reads before anything else
_SHORT: dict[str, dict[str, Any]] = {
    "CandidateSpec": {"enum": [name for name in SIMPLEST_FIRST if name != "other"]},  # which needs a class
    "CandidatesSpec": {"type": "array", "items": {"$ref": "#/$defs/CandidateSpec"}, "minItems": 1},
}
_ENTRY = re.compile(r"^(\w+(?:, \w+)*) : .*$")


def schema(name: str) -> dict[str, Any]:
    """The JSON schema of one file of a pack.

    Parameters
    ----------
    name : {"programme", "charter", "words", "vignettes"}
        The file.

    Returns
    -------
    dict
        JSON Schema 2020-12; fields carry what their model's docstring says of them.
    """
    model = FILES[name]
    made = model.model_json_schema(mode="validation")
    models = {each.__name__: each for each in _models(model)}
    for title, part in [(model.__name__, made), *made.get("$defs", {}).items()]:
        if title in models:
            _explain(part, models[title])
        if title in _SHORT:
            made["$defs"][title] = {"description": part.get("description", ""), "anyOf": [part, _SHORT[title]]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"{name}.yaml", **made}


def written() -> dict[Path, str]:
    """What each file of docs/schemas holds."""
    return {
        FOLDER / f"{name}.schema.json": json.dumps(schema(name), indent=1, ensure_ascii=False) + "\n" for name in FILES
    }


def _models(start: type[BaseModel]) -> Iterator[type[BaseModel]]:
    seen: set[Any] = set()
    waiting: list[Any] = [start]
    while waiting:
        part = waiting.pop()
        if not isinstance(part, type) or not issubclass(part, BaseModel):
            waiting.extend(get_args(part))
        elif part not in seen:
            seen.add(part)
            yield part
            for field in part.model_fields.values():
                waiting.extend(
                    [field.annotation, *(getattr(m, "json_schema_input_type", None) for m in field.metadata)]
                )


def _explain(part: dict[str, Any], model: type[BaseModel]) -> None:
    """Put the docstring's first words to the model, and what it says of its fields to them."""
    told: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if issubclass(each, BaseModel) and each is not BaseModel:
            told |= _fields_told(inspect.cleandoc(each.__doc__ or ""))
    if model.__doc__:
        part["description"] = inspect.cleandoc(model.__doc__).split("\n\n")[0].replace("\n", " ")
    for name, field in part.get("properties", {}).items():
        if name in told:
            field["description"] = told[name]


def _fields_told(text: str) -> dict[str, str]:
    """Field -> what the section Attributes (or Parameters) of a numpydoc docstring says of it."""
    found: dict[str, str] = {}
    names: list[str] = []
    for line in text.splitlines():
        entry = _ENTRY.match(line)
        if entry:
            names = entry[1].split(", ")
        elif line.startswith("    ") and names:
            found |= {name: f"{found.get(name, '')} {line.strip()}".strip() for name in names}
        else:
            names = []
    return found


if __name__ == "__main__":  # pragma: no cover
    FOLDER.mkdir(exist_ok=True)
    for path, text in written().items():
        path.write_text(text, encoding="utf-8")
