"""Relinking: pseudonyms back to the source's keys, for the holder of the key."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from data_contracts.contract import Contract
from data_contracts.errors import UsageError
from data_contracts.keys import MasterKey
from data_contracts.relink import LOG, Relinked, log_relink, relink
from data_contracts.relink_page import GENERATOR, programme_of_page, relink_page
from tests.data_contracts_deliveries import KEY, column, contract, data, table


@pytest.fixture
def agreed(tmp_path: Path) -> Contract:
    client = column("client", "integer", "key", custom={"keySpace": "person"})
    return contract(
        tmp_path,
        table("clients", client, column("born", "date", "birth_date")),
        table("homes", column("home", "string", "key"), client),
        table("plain", column("a")),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return data(
        tmp_path,
        clients__csv="client,born\n17,1990-01-01\n18,1990-01-01\n",
        homes__csv="home,client\nH-1,17\nH-2,18\n",
        plain__csv="a\n1\n",
    )


def scores() -> pd.DataFrame:
    one, two = KEY.pseudonym("person", "17"), KEY.pseudonym("person", "18")
    return pd.DataFrame(
        {
            "case_id": [f"{one}-AAA-2013J", f"{two}-BBB-2014B", "0" * 32],
            "person_id": [one, two, None],
            "cluster_id": [KEY.pseudonym("home", "H-1"), "x", "y"],
            "score": [0.25, 0.5, 0.75],
        }
    )


@pytest.mark.parametrize("form", [".parquet", ".csv", ".xlsx"])
@pytest.mark.parametrize("out_form", [".parquet", ".csv", ".xlsx"])
def test_ids_are_looked_up_by_their_parts(
    tmp_path: Path, agreed: Contract, folder: Path, form: str, out_form: str
) -> None:
    file, out = tmp_path / f"scores{form}", tmp_path / f"relinked{out_form}"
    write = {".parquet": "to_parquet", ".csv": "to_csv", ".xlsx": "to_excel"}
    read = {".parquet": pd.read_parquet, ".csv": pd.read_csv, ".xlsx": pd.read_excel}
    getattr(scores(), write[form])(file, index=False)
    made = relink(file, folder, out, agreed, KEY)
    assert made == Relinked(3, 2, ("source_home", "source_person"))
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    table_ = read[out_form](out)
    assert [str(value).removesuffix(".0") for value in table_["source_person"][:2]] == ["17", "18"]
    assert table_["source_home"][0] == "H-1"
    assert table_[["source_person", "source_home"]].isna().sum().tolist() == [1, 2]
    assert table_["score"].astype(float).tolist() == [0.25, 0.5, 0.75]
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_under_another_key_nothing_is_found(tmp_path: Path, agreed: Contract, folder: Path) -> None:
    scores().to_parquet(tmp_path / "s.parquet")
    other = MasterKey(b"o" * 32).for_programme("test")
    assert relink(tmp_path / "s.parquet", folder, tmp_path / "o.csv", agreed, other) == Relinked(3, 0, ())


def test_what_cannot_be_relinked_is_told_in_words(tmp_path: Path, agreed: Contract, folder: Path) -> None:
    file = tmp_path / "s.parquet"
    scores().to_parquet(file)
    for name, out, said in (
        (file, file, "would overwrite the table"),
        (file, tmp_path / "o.txt", "no known form"),
        (file, tmp_path / "none" / "o.csv", "cannot be written"),
        (tmp_path / "s.txt", tmp_path / "o.csv", "no known form"),
        (tmp_path / "none.parquet", tmp_path / "o.csv", "does not exist"),
    ):
        with pytest.raises(UsageError, match=said):
            relink(name, folder, out, agreed, KEY)
    (tmp_path / "bad.parquet").write_text("x")
    with pytest.raises(UsageError, match="cannot be read"):
        relink(tmp_path / "bad.parquet", folder, tmp_path / "o.csv", agreed, KEY)
    scores()[["score"]].to_csv(tmp_path / "bare.csv", index=False)
    with pytest.raises(UsageError, match="none of the columns case_id, person_id, cluster_id"):
        relink(tmp_path / "bare.csv", folder, tmp_path / "o.csv", agreed, KEY)


def test_the_log_tells_who_and_why_and_no_value(tmp_path: Path) -> None:
    for who in ("key holder", "Schlüssel"):
        log_relink(
            tmp_path,
            at=datetime(2026, 1, 31, 12, tzinfo=UTC),
            who=who,
            purpose="visit",
            file=tmp_path / "s.parquet",
            out=tmp_path / "o.csv",
            relinked=Relinked(3, 2, ("source_person",)),
        )
    path = tmp_path / LOG
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    assert [entry["who"] for entry in entries] == ["key holder", "Schlüssel"]
    assert entries[0] == {
        "at": "2026-01-31T12:00:00+00:00", "who": "key holder", "purpose": "visit", "file": "s.parquet", "out": "o.csv",
        "rows": 3, "matched": 2,
    }  # fmt: skip


def test_nobody_else_can_read_the_output_while_it_is_written(
    tmp_path: Path, agreed: Contract, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "s.parquet"
    scores().to_parquet(file)
    seen = []

    def watch(_: pd.DataFrame, path: Path, **__: object) -> None:
        seen.append(stat.S_IMODE(path.stat().st_mode))

    monkeypatch.setattr(pd.DataFrame, "to_csv", watch)
    relink(file, folder, tmp_path / "o.csv", agreed, KEY)
    assert seen == [0o600]


PAGE = """<!doctype html>
<meta name="generator" content="{made}">
<meta name="programme" content="a &amp; b">
<p class="notice relinked" hidden>names people</p>
{ids}
"""


def page(path: Path, *ids: str, made: str = GENERATOR) -> Path:
    """A page of one case as far as relinking looks at it."""
    marked = "".join(f'<li><code class="id">{each}</code></li>' for each in ids)
    path.write_text(PAGE.format(made=made, ids=marked), encoding="utf-8")
    return path


def test_a_page_of_one_case_gets_the_sources_own_keys_beside_its_ids(tmp_path: Path, agreed: Contract) -> None:
    """Keys are text, whatever is in them; relinked again, the page is the same."""
    folder = data(tmp_path, clients__csv="client,born\n17,1990-01-01\n", homes__csv="home,client\n<b>&1,17\n")
    (folder / "plain.csv").write_text("a\n1\n")
    person, home = KEY.pseudonym("person", "17"), KEY.pseudonym("home", "<b>&1")
    file = page(tmp_path / "case.html", f"{person}-AAA-2013J", home, "0" * 32, "opened")
    assert programme_of_page(file) == "a & b"
    out, again = tmp_path / "named.html", tmp_path / "again.html"
    assert relink_page(file, folder, out, agreed, KEY) == Relinked(4, 2, ("home", "person"))
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    named = out.read_text(encoding="utf-8")
    assert f'{person}-AAA-2013J</code> <span class="key">(person: 17)</span></li>' in named
    assert f'{home}</code> <span class="key">(home: &lt;b&gt;&amp;1)</span></li>' in named
    assert "<b>" not in named
    assert f'<code class="id">{"0" * 32}</code></li>' in named
    assert '<p class="notice relinked">names people' in named
    relink_page(out, folder, again, agreed, KEY)
    assert again.read_bytes() == out.read_bytes()
    other = MasterKey(b"o" * 32).for_programme("test")
    assert relink_page(out, folder, again, agreed, other) == Relinked(4, 0, ())
    assert again.read_bytes() == file.read_bytes(), "without a key nothing of the earlier one stays"


def test_only_a_page_of_one_case_is_relinked_and_only_to_a_page(tmp_path: Path, agreed: Contract, folder: Path) -> None:
    file, other = page(tmp_path / "case.html"), page(tmp_path / "other.html", made="somebody else")
    for name, out, said in (
        (file, file, "would overwrite the page"),
        (file, tmp_path / "o.csv", "a page is relinked to a page"),
        (other, tmp_path / "o.html", "no page of one case"),
        (tmp_path / "none.html", tmp_path / "o.html", "does not exist"),
        (file, tmp_path / "none" / "o.html", "cannot be written"),
    ):
        with pytest.raises(UsageError, match=said):
            relink_page(name, folder, out, agreed, KEY)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="cannot be read"):
        relink_page(file, folder, tmp_path / "o.html", agreed, KEY)
    file.write_text(f'<meta name="generator" content="{GENERATOR}">')
    with pytest.raises(UsageError, match="does not say its programme"):
        programme_of_page(file)
