"""The JSON schemas in docs/schemas are those of the models, and take what the packs say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from features.kinds import KINDS
from features.spec import kind_name
from pipelines.new_pack import TEMPLATE
from pipelines.packs import BUILT_IN
from pipelines.schemas import FILES, FOLDER, schema, written

PACKS = [BUILT_IN / "family_support", BUILT_IN / "student_support", TEMPLATE]


class _Plain(yaml.SafeLoader):
    """As editors read YAML: days stay text."""


_Plain.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":bool"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Plain.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))


def read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8").replace("PACK_NAME", "pack"), _Plain)


def test_the_committed_schemas_are_those_of_the_models() -> None:
    assert {path: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()} == written(), (
        "run: python -m pipelines.schemas"
    )


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
def test_every_pack_keeps_to_the_schemas(pack: Path, name: str) -> None:
    validator = jsonschema.Draft202012Validator(schema(name))
    validator.check_schema(schema(name))
    assert [error.message for error in validator.iter_errors(read(pack / f"{name}.yaml"))] == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("features", 0, "knid"), "count"),
        (("features", 0, "direction"), "sideways"),
        (("features", 0, "kind"), "cuont"),
        (("schedule",), 3),
        (("candidates",), ["logistik"]),
    ],
)
def test_a_schema_marks_a_mistake(place: tuple[Any, ...], value: Any) -> None:
    content = part = read(PACKS[0] / "programme.yaml")
    for step in place[:-1]:
        part = part[step]
    part[place[-1]] = value
    assert list(jsonschema.Draft202012Validator(schema("programme")).iter_errors(content))


def test_every_kind_of_feature_is_described_with_its_fields() -> None:
    made = schema("programme")
    items = made["properties"]["features"]["items"]
    assert list(items["discriminator"]["mapping"]) == sorted(kind_name(kind) for kind in KINDS)
    for kind in KINDS:
        part = made["$defs"][kind.__name__]
        assert part["description"].rstrip(".")
        untold = [n for n, field in part["properties"].items() if "description" not in field and n != "kind"]
        assert untold == [] or untold == ["missing"], kind  # `missing` of attributes
