"""Contracts: every mistake with its line, typed custom properties, dialects, the contracts of the built-in packs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import data_contracts
from data_contracts.contract import read_contract
from data_contracts.dialect import Dialect, strptime_format
from tests.data_contracts_deliveries import column, contract, table, write_contract


def mistakes(path: Path, *tables: dict[str, Any], **custom: Any) -> list[str]:
    made, found = read_contract(write_contract(path / "contract.odcs.yaml", *tables, **custom))
    assert made is None
    return [str(mistake) for mistake in found]


def good() -> dict[str, Any]:
    return column("code", required=True)


@pytest.mark.parametrize("name", ["family_support", "student_support"])
def test_the_contracts_of_the_built_in_packs_have_no_mistake(name: str) -> None:
    pack = Path(data_contracts.__file__).parent / "programmes" / name
    made, found = read_contract(pack / "contract.odcs.yaml")
    assert found == []
    assert made is not None
    assert made.tables


def test_custom_properties_become_typed_fields(tmp_path: Path) -> None:
    made = contract(
        tmp_path,
        table(
            "visits",
            column("client", "integer", "key", custom={"keySpace": "person"}, physicalName="Klient-Nr"),
            column("day", "date", custom={"purpose": "timing"}, primaryKey=True, primaryKeyPosition=2),
            column("code", primaryKey=True, primaryKeyPosition=1),
            column("born", "date", "birth_date"),
            column("email", "string", "drop"),
            dialect={"encoding": "CP1252", "delimiter": ";", "decimal": ",", "dateFormat": "dd.MM.yyyy"},
            knowledgeDay={"lag": {"column": "day", "days": 3, "reason": "entered within three days"}},
            collected={"from": "2020-01-01", "whom": "all clients"},
            overwrittenInPlace=["code"],
            optional=True,
        ),
        quarantineCeiling=0.1,
        keySpaces={"person": "the client's number"},
    )
    visits = made.table("visits")
    assert made.quarantine_ceiling == 0.1
    assert visits.knowledge_day.kind == "lag"
    assert visits.knowledge_day.source_column == "day"
    assert visits.dialect.encoding == "cp1252"
    assert visits.date_formats(visits.column("day")) == ["%d.%m.%Y"]
    assert [each.name for each in visits.stored] == ["client", "day", "code", "born"]
    assert [each.name for each in visits.primary_key] == ["code", "day"]
    assert [(key.key_space, key.duckdb_type, key.header) for key in visits.keys] == [("person", "VARCHAR", "Klient-Nr")]
    assert visits.purpose_of(visits.column("day")) == "timing"
    assert visits.retention_of(visits.column("day")) == "one minute"
    assert visits.collected[0].whom == "all clients"


def test_all_mistakes_come_at_once_with_their_lines(tmp_path: Path) -> None:
    first = table("one", column("code", tags=["keys"]), knowledgeDay={"colunm": "code"})
    second = table("two", column("code", custom={"keyspace": "x"}), knowledgeDay=None, dialekt={})
    path = write_contract(tmp_path / "contract.odcs.yaml", first, second, quarantineCeiling=2)
    _, found = read_contract(path)
    lines = path.read_text().splitlines()
    told = {(lines[mistake.line - 1].strip(), str(mistake)) for mistake in found}
    text = "\n".join(message for _, message in told)
    assert "colunm" in text
    assert "Did you mean “column”?" in text
    assert "“keyspace” is no custom property here. Did you mean “keySpace”?" in text
    assert "“dialekt” is no custom property here. Did you mean “dialect”?" in text
    assert any(line == "- keys" for line, _ in told)
    assert any("colunm" in line for line, _ in told)
    assert "less than or equal to 1" in text
    assert len(found) >= 5


@pytest.mark.parametrize(
    ("columns", "custom", "said"),
    [
        ([good()], {"knowledgeDay": {}}, "exactly one of column, lag"),
        ([good()], {"knowledgeDay": {"firstDelivery": True, "column": "code"}}, "exactly one of"),
        ([good()], {"knowledgeDay": {"column": "day"}}, "“day”, which is no stored column"),
        ([good()], {"knowledgeDay": {"column": "code"}}, "“code” is no date"),
        ([good()], {"overwrittenInPlace": ["coda"]}, "Did you mean “code”?"),
        ([good(), column("CODE")], {}, "stands twice"),
        ([good(), column("other", physicalName="code")], {}, "the header “code” is read twice"),
        ([column("code", "string", "key", "drop")], {}, "key and drop exclude each other"),
        ([column("code", custom={"keySpace": "x"})], {}, "has a keySpace but is not tagged key"),
        ([good(), column("mail", "string", "identifier", primaryKey=True)], {}, "part of the primary key"),
        ([column("born", "string", "birth_date")], {}, "a birth date needs logicalType date"),
        ([column("k", "string", "key", logicalTypeOptions={"maxLength": 3})], {}, "pseudonymised before any rule"),
        ([column("k", "date", "key")], {}, "a key is a string or an integer"),
        ([column("_row")], {}, "name"),
        ([column("delivery_id")], {}, "used by the warehouse itself"),
        ([column("day", "date", logicalTypeOptions={"format": "dd.MM.yy"})], {}, "does not say the century"),
        ([column("mail", "string", "drop")], {}, "no column is stored"),
        ([good()], {"purpose": None}, "column “code” has no purpose"),
        ([good()], {"retention": None}, "column “code” has no retention"),
        ([good()], {"dialect": {"encoding": "utf-9"}}, "no encoding"),
        ([good()], {"dialect": {"delimiter": ";;"}}, "one character"),
        ([good()], {"dialect": {"decimal": ",", "thousands": ","}}, "are the same"),
        ([good()], {"dialect": {"delimiter": '"'}}, "delimiter and quote are the same"),
        ([good()], {"dialect": {"delimiter": "§"}}, "ASCII"),
        ([good()], {"dialect": {"dateFormat": ["dd/MM/yyyy", "MM/dd/yyyy"]}}, "ambiguous"),
        ([good()], {"dialect": {"dateFormat": "%d/%m/%y"}}, "century"),
        ([good()], {"dialect": {"dateFormat": "dd/MM"}}, "needs day, month and four-digit year"),
    ],
)
def test_what_a_table_says_that_cannot_be(
    tmp_path: Path, columns: list[dict[str, Any]], custom: dict[str, Any], said: str
) -> None:
    assert said in "\n".join(mistakes(tmp_path, table("one", *columns, **custom)))


def test_every_table_declares_its_knowledge_day_and_its_files(tmp_path: Path) -> None:
    bare = table("one", good())
    bare["customProperties"] = [entry for entry in bare["customProperties"] if entry["property"] != "knowledgeDay"]
    assert any("“knowledgeDay” is missing" in each for each in mistakes(tmp_path, bare))
    nameless = table("one", good())
    nameless.pop("physicalName")
    assert any("no file pattern" in each for each in mistakes(tmp_path, nameless))


def test_key_spaces_are_declared_and_tables_named_once(tmp_path: Path) -> None:
    one = table("one", column("client", "string", "key", custom={"keySpace": "persn"}))
    assert any("Did you mean “person”?" in each for each in mistakes(tmp_path, one, keySpaces={"person": "x"}))
    assert any("the same name" in each for each in mistakes(tmp_path, table("one", good()), table("ONE", good())))


def test_custom_properties_stand_in_their_list(tmp_path: Path) -> None:
    one = table("one", good())
    one["knowledgeDay"] = {"firstDelivery": True}
    one["customProperties"].append({"property": "optional"})
    one["customProperties"].append({"property": "purpose", "value": "twice"})
    one["customProperties"].append({"property": "othertool.field", "value": "ignored"})
    found = "\n".join(mistakes(tmp_path, one))
    assert "“knowledgeDay” is no field of ODCS" in found
    assert "has “property” and “value”" in found
    assert "“purpose” stands twice" in found
    assert "othertool" not in found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "holds no fields"),
        ("schema: {}", "lists no tables"),
        ("schema: [1]", ""),
        ("customProperties: {}", "list"),
    ],
)
def test_a_contract_of_another_shape_is_told_in_words(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "contract.odcs.yaml"
    path.write_text(text)
    made, found = read_contract(path)
    assert made is None
    assert said in "\n".join(map(str, found))
    assert read_contract(tmp_path / "none.yaml")[0] is None


def test_rules_with_mistakes_are_mistakes_of_the_contract_with_a_line(tmp_path: Path) -> None:
    bad = column("code", quality=[{"metric": "nonsense", "mustBe": 0}])
    assert any("nullValues" in each for each in mistakes(tmp_path, table("one", bad)))
    path = write_contract(tmp_path / "c.yaml", table("one", good()))
    path.write_text(path.read_text().replace("kind: DataContract", "kind: Other"))
    assert len(read_contract(path)[1]) == 1


def test_the_hash_speaks_of_content_not_of_comments(tmp_path: Path) -> None:
    path = write_contract(tmp_path / "contract.odcs.yaml", table("one", good()))
    first, _ = read_contract(path)
    path.write_text("# a comment\n" + path.read_text())
    second, _ = read_contract(path)
    path.write_text(path.read_text().replace("required: true", "required: false"))
    third, _ = read_contract(path)
    assert first is not None
    assert second is not None
    assert third is not None
    assert first.sha256 == second.sha256 != third.sha256


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("dd.MM.yyyy", "%d.%m.%Y"),
        ("TT.MM.JJJJ", "%d.%m.%Y"),
        ("%m/%d/%Y", "%m/%d/%Y"),
        ("yyyy-MM-ddTHH:mm:ss", "%Y-%m-%dT%H:%M:%S"),
    ],
)
def test_date_formats_as_people_write_them(given: str, made: str) -> None:
    assert strptime_format(given) == made


@pytest.mark.parametrize("given", ["dd.MMM.yyyy", "%b %d %Y", "yy", "dd.MM.yyyy EEE", "dd.dd.yyyy"])
def test_date_formats_that_are_not_understood(given: str) -> None:
    with pytest.raises(ValueError, match=r"understood|needs|century"):
        strptime_format(given)


def test_a_dialect_has_plain_defaults() -> None:
    dialect = Dialect.model_validate({"encoding": "utf-8-sig", "nullMarks": [-9, "k.A."], "delimiter": "\\t"})
    assert (dialect.encoding, dialect.null_marks, dialect.delimiter) == ("utf-8", ["-9", "k.A."], "\t")
