"""Finding a delivery's files, its note, its identity."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from data_contracts.delivery import find_files
from data_contracts.errors import RefusedError
from data_contracts.keys import MasterKey
from tests.data_contracts_deliveries import KEY, TODAY, column, contract, data, table


def test_files_are_matched_hashed_and_the_rest_is_named(tmp_path: Path) -> None:
    agreed = contract(
        tmp_path,
        table("clients", column("a"), pattern="Clients_*.csv"),
        table("clicks", column("a"), filePatterns=["clicks.csv*", "clicks_partial.csv*"], optional=True),
        table("absent", column("a"), optional=True),
    )
    folder = data(
        tmp_path,
        clients_2__csv="a\n1\n",
        clients_1__csv="a\n1\n",
        clicks_partial__csv="a\n2\n",
        readme__md="x",
        clients_3__bak="a",
    )
    delivery = find_files(agreed, folder, today=TODAY)
    assert [file.name for file in delivery.files] == ["clients_1.csv", "clients_2.csv", "clicks_partial.csv"]
    assert delivery.absent_tables == ["absent"]
    assert delivery.ignored_files == ["clients_3.bak", "readme.md"]
    assert (delivery.kind, delivery.delivered_on) == ("snapshot", TODAY)
    (folder / "clicks.csv").write_text("a\n2\n3\n")
    chosen = find_files(agreed, folder, today=TODAY)
    assert [file.name for file in chosen.of("clicks")] == ["clicks.csv"]
    assert chosen.ignored_files == ["clicks_partial.csv", "clients_3.bak", "readme.md"]


def test_the_identity_is_files_kind_contract_and_key(tmp_path: Path) -> None:
    agreed = contract(tmp_path, table("one", column("a")))
    folder = data(tmp_path, one__csv="a\n1\n")
    first = find_files(agreed, folder, today=TODAY)
    (folder / "one.csv").rename(folder / "one.csv.x")
    (folder / "one.csv.x").rename(folder / "one.csv")
    again = find_files(agreed, folder, today=date(2027, 1, 1))
    assert first.delivery_id(agreed, KEY) == again.delivery_id(agreed, KEY)
    other_key = MasterKey(b"x" * 32).for_programme("test")
    assert first.delivery_id(agreed, KEY) != first.delivery_id(agreed, other_key)
    changed = contract(tmp_path, table("one", column("a", required=True)))
    assert first.delivery_id(agreed, KEY) != first.delivery_id(changed, KEY)
    (folder / "delivery.yaml").write_text("kind: increment\ndelivered_on: 2026-01-02\n")
    noted = find_files(agreed, folder, today=TODAY)
    assert (noted.kind, noted.delivered_on, noted.ignored_files) == ("increment", date(2026, 1, 2), [])
    assert noted.delivery_id(agreed, KEY) != first.delivery_id(agreed, KEY)
    (folder / "one.csv").write_text("a\n2\n")
    assert find_files(agreed, folder, today=TODAY).delivery_id(agreed, KEY) != noted.delivery_id(agreed, KEY)


def test_every_problem_of_every_file_is_told(tmp_path: Path) -> None:
    agreed = contract(
        tmp_path, table("one", column("a")), table("two", column("a")), table("three", column("a"), column("b"))
    )
    folder = data(tmp_path, tow__csv="a\n1\n", three__csv="c\n1\n")
    (folder / "one.csv").mkdir()
    with pytest.raises(RefusedError) as caught:
        find_files(agreed, folder, today=TODAY)
    told = "\n".join(caught.value.reasons)
    assert "one.csv: it is not a file." in told
    assert "two.csv*: no file for the table “two”. Did you mean “tow.csv”?" in told
    assert "three.csv" in told
    assert "(2 more)" in str(caught.value)
    assert caught.value.exit_code == 3


def test_a_broken_link_is_unreadable(tmp_path: Path) -> None:
    agreed = contract(tmp_path, table("one", column("a")))
    folder = data(tmp_path)
    (folder / "one.csv").symlink_to(folder / "nowhere")
    with pytest.raises(RefusedError, match="cannot be read"):
        find_files(agreed, folder, today=TODAY)


def test_a_table_twice_or_a_file_for_two_tables_is_refused(tmp_path: Path) -> None:
    agreed = contract(tmp_path, table("one", column("a"), pattern="o*"), table("two", column("a"), pattern="one.csv"))
    folder = data(tmp_path, one__csv="a\n1\n", one__csv__gz=b"\x1f\x8b")
    with pytest.raises(RefusedError) as caught:
        find_files(agreed, folder, today=TODAY)
    told = "\n".join(caught.value.reasons)
    assert "is there twice, also as one.csv" in told
    assert "the file fits both “one” and “two”" in told


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ("kind: everything\n", "kind"),
        ("knd: snapshot\n", "Did you mean “kind”?"),
        ("delivered_on: 2099-01-01\n", "lies in the future"),
        ("kind: [\n", "not valid YAML"),
    ],
)
def test_a_note_with_a_mistake_is_refused_with_its_line(tmp_path: Path, note: str, said: str) -> None:
    agreed = contract(tmp_path, table("one", column("a")))
    with pytest.raises(RefusedError, match=r"delivery\.yaml:") as caught:
        find_files(agreed, data(tmp_path, one__csv="a\n1\n", delivery__yaml=note), today=TODAY)
    assert said in caught.value.reasons[0]


def test_no_folder(tmp_path: Path) -> None:
    agreed = contract(tmp_path, table("one", column("a")))
    with pytest.raises(RefusedError, match="does not exist"):
        find_files(agreed, tmp_path / "none", today=TODAY)
