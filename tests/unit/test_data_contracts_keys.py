"""The master key and its pseudonyms."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pyarrow as pa
import pytest

from data_contracts import keys
from data_contracts.errors import PlumblineError
from data_contracts.keys import MasterKey, load_key


def test_a_key_is_made_once_for_the_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "key"
    first = load_key(path, warehouse_exists=False)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert len(bytes.fromhex(path.read_text().strip())) == 32
    assert load_key(path, warehouse_exists=True) == first
    assert [each.name for each in path.parent.iterdir()] == ["key"]
    assert load_key(tmp_path / "other", warehouse_exists=False) != first


def test_another_process_that_was_first_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "key"
    link = os.link

    def late(source: Path, target: Path) -> None:
        target.write_text("ab" * 32)
        target.chmod(0o600)
        link(source, target)

    monkeypatch.setattr("data_contracts.keys.os.link", late)
    assert load_key(path, warehouse_exists=False).secret == bytes.fromhex("ab" * 32)


def test_a_missing_key_beside_a_warehouse_stops(tmp_path: Path) -> None:
    with pytest.raises(PlumblineError, match="Restore it from your backup") as caught:
        load_key(tmp_path / "key", warehouse_exists=True)
    assert caught.value.exit_code == 1
    assert not (tmp_path / "key").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_key_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    load_key(path, warehouse_exists=False)
    path.chmod(mode)
    with pytest.raises(PlumblineError, match="chmod 600"):
        load_key(path, warehouse_exists=True)


@pytest.mark.parametrize("content", ["", "abc", "zz" * 32, "ab" * 33])
def test_what_is_no_key_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(PlumblineError, match="holds no key") as caught:
        load_key(path, warehouse_exists=False)
    assert not content or content not in str(caught.value)


def test_a_key_file_that_cannot_be_used_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(PlumblineError, match="PLUMBLINE_KEY_FILE"):
        load_key(tmp_path / "file" / "key", warehouse_exists=False)
    with pytest.raises(PlumblineError, match="cannot be used"):
        load_key(tmp_path, warehouse_exists=False)


def test_pseudonyms_join_within_a_space_and_nowhere_else() -> None:
    master = MasterKey(b"m" * 32)
    one, two = master.for_programme("one"), master.for_programme("two")
    assert one.pseudonym("person", "17") == one.pseudonym("person", " 17 ")
    made = {
        one.pseudonym("person", "17"),
        one.pseudonym("person", "18"),
        one.pseudonym("household", "17"),
        two.pseudonym("person", "17"),
        MasterKey(b"n" * 32).for_programme("one").pseudonym("person", "17"),
    }
    assert len(made) == 5
    assert all(len(each) == 32 and set(each) <= set("0123456789abcdef") for each in made)
    assert one.key_id != two.key_id
    # held fast: a change of this value breaks every warehouse
    assert one.pseudonym("person", "17") == "ba5c3dd6300bcac54fff2d12d9e2c54c"


def test_no_secret_shows() -> None:
    master = MasterKey(b"secret" * 5 + b"!!")
    shown = repr(master) + repr(master.for_programme("one")) + str(master)
    assert "secret!!" not in shown
    assert "b'" not in shown


def test_a_column_of_pseudonyms(monkeypatch: pytest.MonkeyPatch) -> None:
    key = MasterKey(b"m" * 32).for_programme("one")
    values = pa.array(["a", None, "b", "a"])
    expected = [key.pseudonym("s", "a"), None, key.pseudonym("s", "b"), key.pseudonym("s", "a")]
    assert key.pseudonyms("s", values).to_pylist() == expected
    monkeypatch.setattr(keys, "_CACHED", 1)
    assert key.pseudonyms("s", values).to_pylist() == expected
