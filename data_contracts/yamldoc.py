"""YAML files whose every value knows its line, checked against pydantic models.

Belongs here: reading a pack's file and turning a model's errors into mistakes with file, line and advice.
Does not belong here: what a section means (each room owns the model of its own section).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from data_contracts.errors import Mistake

Model = TypeVar("Model", bound=BaseModel)
Location = tuple[int | str, ...]


QUOTED = 'A text with a comma or a colon needs quotation marks: {en: "One, two", de: "Eins, zwei"}.'


@dataclass
class Document:
    """A YAML file's content with the line of every value."""

    path: Path
    data: Any
    lines: dict[Location, int] = field(default_factory=dict)

    def line(self, location: Location) -> int:
        """Line of the value at `location`, or of the nearest value around it."""
        while location and location not in self.lines:
            location = location[:-1]
        return self.lines.get(location, 1)

    def mistake(self, location: Location, what: str, todo: str = "") -> Mistake:
        """A mistake at this place of this file."""
        return Mistake(self.path.name, self.line(location), what, todo)


class _Loader(yaml.SafeLoader):
    """SafeLoader that refuses a key given twice (PyYAML silently keeps the last)."""


# YAML 1.1 reads `no` and `off` as booleans; packs hold words such as the group "N", so only true/false count here.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _first in "tTfF":
    _Loader.yaml_implicit_resolvers.setdefault(_first, []).append(
        ("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"))
    )


def read_document(path: Path) -> tuple[Document | None, list[Mistake]]:
    """Read one YAML file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    document : Document or None
        None when the file cannot be read as YAML.
    mistakes : list of Mistake
        Why it could not be read; keys given twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None, [Mistake(path.name, 1, "the file is missing.", "Every pack has one: see docs/packs.md.")]
    except (OSError, UnicodeDecodeError) as error:
        return None, [Mistake(path.name, 1, f"the file cannot be read ({type(error).__name__}).", "Save it as UTF-8.")]
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        document = Document(path, None)
        mistakes: list[Mistake] = []
        if node is None:
            return None, [Mistake(path.name, 1, "the file is empty.", "See docs/packs.md for its fields.")]
        document.data = _build(loader, node, (), document, mistakes)
        return document, mistakes
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or "not valid YAML"
        todo = (
            QUOTED
            if problem.startswith("mapping values") or "but got ':'" in problem
            else "Check indentation and quotes."
        )
        return None, [Mistake(path.name, line, f"not valid YAML: {problem}.", todo)]
    finally:
        loader.dispose()


def _build(loader: _Loader, node: yaml.Node, location: Location, document: Document, mistakes: list[Mistake]) -> Any:
    document.lines[location] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        loader.flatten_mapping(node)
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = _value(loader, key_node, document, mistakes) if isinstance(key_node, yaml.ScalarNode) else None
            if key is None:
                line = key_node.start_mark.line + 1
                mistakes.append(Mistake(document.path.name, line, "the name of a field is no word.", "Write a word."))
                continue
            place = (*location, key if isinstance(key, int | str) else str(key))
            if key in result:
                mistakes.append(
                    Mistake(document.path.name, key_node.start_mark.line + 1, f"“{key}” stands twice.", "Keep one.")
                )
            result[key] = _build(loader, value_node, place, document, mistakes)
            document.lines[place] = key_node.start_mark.line + 1
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_build(loader, item, (*location, i), document, mistakes) for i, item in enumerate(node.value)]
    return _value(loader, node, document, mistakes)


def _value(loader: _Loader, node: yaml.Node, document: Document, mistakes: list[Mistake]) -> Any:
    """One scalar; of a day that does not exist the text, and a mistake."""
    try:
        return loader.construct_object(node, deep=True)
    except ValueError:  # PyYAML's own resolvers let 2026-02-30 through to datetime
        line = node.start_mark.line + 1
        mistakes.append(Mistake(document.path.name, line, f"“{node.value}” does not exist.", "Correct the date."))
        return node.value


def validate(model: type[Model], document: Document, location: Location = ()) -> tuple[Model | None, list[Mistake]]:
    """Check the part of a document at `location` against a model.

    Parameters
    ----------
    model : type of BaseModel
        The model of the section.
    document : Document
        The file.
    location : tuple of int or str
        Where the section stands; the whole file by default.

    Returns
    -------
    section : BaseModel or None
        None when there are mistakes.
    mistakes : list of Mistake
        All of them.
    """
    data = document.data
    for step in location:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None, [document.mistake(location, f"“{'.'.join(map(str, location))}” is missing.")]
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        return None, [_told(document, location, model, item) for item in error.errors(include_url=False)]


def _told(document: Document, location: Location, model: type[BaseModel], item: Any) -> Mistake:
    # pydantic puts names of union branches into the location: keep only steps that exist in the file
    place: Location = location
    for step in item["loc"]:
        if (*place, step) in document.lines:
            place = (*place, step)
    name = ".".join(str(step) for step in place[len(location) :]) or model.__name__
    missing = item["loc"][-1] if item["loc"] else name
    if item["type"] == "missing":
        return document.mistake(place, f"“{missing}” is missing.", "Add it; docs/packs.md says what it means.")
    if item["type"] == "extra_forbidden":
        if _cut_text(document, place, missing, item["input"]):
            return document.mistake(place, f"the text before “{missing}” ends at its comma.", QUOTED)
        # a field that exists, but elsewhere, is no advice
        elsewhere = [name for name in known_fields(model) if name != missing]
        near = nearest(str(missing), _fields_at(model, item["loc"][:-1])) or nearest(str(missing), elsewhere)
        return document.mistake(place, f"“{missing}” is not a field here.", near or "Remove it.")
    message = item["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    todo = _as_share(item)
    return document.mistake(place, f"“{name}”: {message}" + ("" if message.endswith((".", "?")) else "."), todo)


def _cut_text(document: Document, place: Location, key: Any, value: Any) -> bool:
    """Whether an unknown key is the rest of a text in two languages that a comma cut in two."""
    inside = document.data
    for step in place[:-1] if place and place[-1] == key else place:
        inside = inside[step]
    two = isinstance(inside, dict) and ("en" in inside or "de" in inside)
    return two and (value is None or " " in str(key).strip())


def _as_share(item: Any) -> str:
    """Advice for a percentage where a share is asked for."""
    top = item.get("ctx", {}).get("le" if item["type"] == "less_than_equal" else "lt")
    value = item["input"]
    if top != 1 or isinstance(value, bool) or not isinstance(value, int | float) or not 1 < value <= 100:
        return ""
    return f"{value:g} % is {value / 100:g}."


def sound_parts(model: type[Model], document: Document) -> Model:
    """What can be used of a file with mistakes: the model with those of its fields that are sound.

    Parameters
    ----------
    model : type of BaseModel
        The model of the file.
    document : Document
        The file.

    Returns
    -------
    BaseModel
        Not validated as a whole; a required field that is missing or wrong is no attribute of it.
    """
    data = document.data if isinstance(document.data, dict) else {}
    sound: dict[str, Any] = {}
    for name, field_info in model.model_fields.items():
        if name in data:
            with suppress(ValidationError):
                sound[name] = TypeAdapter(field_info.rebuild_annotation()).validate_python(data[name])
    return model.model_construct(**sound)


def sound_items(kind: Any, document: Document, location: Location) -> list[tuple[int, Any]]:
    """The items of a list with mistakes that are sound themselves, each with its place in the list.

    Parameters
    ----------
    kind : type
        What each item is read as.
    document : Document
        The file.
    location : tuple of int or str
        Where the list stands.

    Returns
    -------
    list of (int, object)
        Empty where there is no list.
    """
    data = document.data
    for step in location:
        data = data.get(step) if isinstance(data, dict) else None
    adapter = TypeAdapter(kind)
    sound: list[tuple[int, Any]] = []
    for i, item in enumerate(data if isinstance(data, list) else []):
        with suppress(ValidationError):
            sound.append((i, adapter.validate_python(item)))
    return sound


def _fields_at(model: type[BaseModel], steps: Sequence[int | str]) -> tuple[str, ...]:
    """The fields of the models that an error's place leads to; none where it does not say."""
    here: list[type[BaseModel]] = [model]
    for step in steps:
        if isinstance(step, int):
            continue
        inside = [info for each in here for info in [_field(each, step)] if info is not None]
        if inside:
            here = [found for info in inside for found in _models_in(info.annotation)]
            continue
        # the name of a branch: the word that tells the models of a union apart
        here = [each for each in here if any(_says(info, step) for info in each.model_fields.values())] or here
    return tuple(dict.fromkeys(info.alias or name for each in here for name, info in each.model_fields.items()))


def _field(model: type[BaseModel], name: str) -> FieldInfo | None:
    return next((info for own, info in model.model_fields.items() if name in (own, info.alias)), None)


def _says(info: FieldInfo, word: str) -> bool:
    return get_origin(info.annotation) is Literal and word in get_args(info.annotation)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models_in(part)]


@cache
def known_fields(model: type[BaseModel]) -> tuple[str, ...]:
    """Every field name of a model and of the models inside it, for advice on misspelt ones."""
    names: list[str] = []
    seen: set[type[BaseModel]] = set()
    queue: list[Any] = [model]
    while queue:
        current = queue.pop()
        if isinstance(current, type) and issubclass(current, BaseModel):
            if current in seen:
                continue
            seen.add(current)
            for name, info in current.model_fields.items():
                names.append(info.alias or name)
                queue.append(info.annotation)
        else:
            queue.extend(getattr(current, "__args__", ()))
    return tuple(dict.fromkeys(names))


@dataclass
class Nearest:
    """Advice for many unknown words: the nearest valid one as long as that is quick.

    To compare thousands of words with thousands takes minutes, and nobody reads thousands of mistakes at once.

    Attributes
    ----------
    at_most : int
        For so many different words.
    """

    at_most: int = 20
    _told: dict[str, str] = field(default_factory=dict)

    def __call__(self, word: str, known: Collection[str]) -> str:
        """As `nearest`."""
        if word not in self._told and not self.silent(word):
            self._told[word] = nearest(word, sorted(known))
        return self._told.get(word, "")

    def silent(self, word: str) -> bool:
        """Whether nothing is said about this word any more."""
        return word not in self._told and len(self._told) >= self.at_most


def nearest(word: str, known: Sequence[str]) -> str:
    """Advice that names the nearest valid word, or nothing."""
    close = get_close_matches(word, list(known), n=1)
    return f"Did you mean “{close[0]}”?" if close else ""
