"""Landing deliveries: history, quarantine, pseudonyms before the first write, one transaction."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from data_contracts.contract import Contract
from data_contracts.delivery import find_files
from data_contracts.errors import PlumblineError, UsageError
from data_contracts.ingest import accept_delivery, discard_pending, land, refuse_delivery
from data_contracts.keys import MasterKey
from data_contracts.warehouse import open_warehouse
from tests.data_contracts_deliveries import KEY, PROGRAMME, TODAY, column, contract, data, found, landed, rows, table

pytestmark = [pytest.mark.slow, pytest.mark.measured]

CLIENTS = table(
    "clients",
    column("client", "string", "key", primaryKey=True, custom={"keySpace": "person"}),
    column("born", "date", "birth_date"),
    column("kind", required=True),
    column("visits", "integer"),
)
FIRST = "client,born,kind,visits\nA-1,1990-05-17,x,1\nA-2,1991-06-18,y,2\nA-3,,x,3\n"
LATER = "client,born,kind,visits\nA-3,,x,3\nA-2,1991-06-18,y,9\nA-4,2000-01-01,z,4\n"


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    made = open_warehouse(tmp_path / "warehouse.duckdb")
    yield made
    made.close()


@pytest.fixture
def clients(tmp_path: Path) -> Contract:
    return contract(tmp_path, CLIENTS, quarantineCeiling=1)


def live(con: duckdb.DuckDBPyConnection, name: str = "clients", *columns: str) -> list[tuple[object, ...]]:
    return [row[1:] for row in rows(con, f"raw.{name}", "ended_by", *columns) if row[0] is None]


def test_rows_are_kept_with_source_and_first_delivery(
    con: duckdb.DuckDBPyConnection, clients: Contract, tmp_path: Path
) -> None:
    landing = landed(con, clients, data(tmp_path, clients__csv=FIRST))
    counts = landing.tables["clients"]
    assert (counts.rows, counts.accepted, counts.quarantined, counts.new, counts.vanished) == (3, 3, 0, 3, 0)
    assert rows(con, "raw.clients", "programme", "client", "born", "visits", "source_file", "source_row")[:2] == [
        (PROGRAMME, KEY.pseudonym("person", "A-1"), date(1990, 5, 1), 1, "clients.csv", 2),
        (PROGRAMME, KEY.pseudonym("person", "A-2"), date(1991, 6, 1), 2, "clients.csv", 3),
    ]
    told = con.execute("SELECT rows, accepted, quarantined, file_name FROM ops.delivery_file").fetchall()
    assert told == [(3, 3, 0, "clients.csv")]
    assert con.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'staging'"
    ).fetchall() == [("_failures",)]


def test_the_same_delivery_twice_changes_nothing(
    con: duckdb.DuckDBPyConnection, clients: Contract, tmp_path: Path
) -> None:
    folder = data(tmp_path, clients__csv=FIRST)
    first = landed(con, clients, folder)
    before = con.execute(f'SELECT * FROM raw."{PROGRAMME}__clients"').fetchall()
    again = landed(con, clients, folder, date(2026, 5, 1))
    assert again.already_accepted
    assert (again.delivery_id, again.tables, again.delivered_on) == (first.delivery_id, first.tables, TODAY)
    assert again.counts == {"clients": (3, 0)}
    assert con.execute(f'SELECT * FROM raw."{PROGRAMME}__clients"').fetchall() == before
    (folder / "clients.csv").write_text(LATER)
    landed(con, clients, folder, date(2026, 5, 2))
    (folder / "clients.csv").write_text(FIRST)
    assert landed(con, clients, folder, date(2026, 5, 3)).already_accepted
    assert sorted(live(con, "clients", "visits")) == [(3,), (4,), (9,)]


def test_of_a_snapshot_the_newest_row_wins_and_vanished_rows_end(
    con: duckdb.DuckDBPyConnection, clients: Contract, tmp_path: Path
) -> None:
    first = landed(con, clients, data(tmp_path, clients__csv=FIRST))
    second = landed(con, clients, data(tmp_path, clients__csv=LATER), date(2026, 2, 1))
    counts = second.tables["clients"]
    assert (counts.new, counts.changed, counts.unchanged, counts.vanished) == (1, 1, 1, 1)
    assert sorted(live(con, "clients", "visits", "first_delivery_id", "first_delivered_on")) == [
        (3, first.delivery_id, TODAY),
        (4, second.delivery_id, date(2026, 2, 1)),
        (9, second.delivery_id, date(2026, 2, 1)),
    ]
    ended = [row for row in rows(con, "raw.clients", "visits", "ended_by") if row[1]]
    assert ended == [(1, second.delivery_id), (2, second.delivery_id)]


def test_a_row_that_comes_back_was_known_since_its_first_delivery(
    con: duckdb.DuckDBPyConnection, clients: Contract, tmp_path: Path
) -> None:
    landed(con, clients, data(tmp_path, clients__csv=FIRST))
    landed(con, clients, data(tmp_path, clients__csv=LATER), date(2026, 2, 1))
    third = landed(con, clients, data(tmp_path, clients__csv=FIRST + "A-9,,x,5\n"), date(2026, 3, 1))
    assert sorted(live(con, "clients", "visits", "first_delivered_on", "delivery_id"))[0] == (
        1,
        TODAY,
        third.delivery_id,
    )


def test_in_an_increment_vanishing_means_nothing(
    con: duckdb.DuckDBPyConnection, clients: Contract, tmp_path: Path
) -> None:
    landed(con, clients, data(tmp_path, clients__csv=FIRST))
    folder = data(tmp_path, clients__csv=LATER, delivery__yaml="kind: increment\n")
    counts = landed(con, clients, folder).tables["clients"]
    assert (counts.new, counts.changed, counts.unchanged, counts.vanished) == (1, 1, 1, 0)
    assert sorted(live(con, "clients", "visits")) == [(1,), (3,), (4,), (9,)]


def test_rows_without_a_name_are_known_by_content_and_number(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    clicks = contract(tmp_path, table("clicks", column("page"), column("n", "integer")))
    landed(con, clicks, data(tmp_path, clicks__csv="page,n\na,1\na,1\nb,1\n"))
    counts = landed(con, clicks, data(tmp_path, clicks__csv="page,n\na,1\nc,1\na,1\na,1\n"), date(2026, 2, 1))
    told = counts.tables["clicks"]
    assert (told.new, told.changed, told.unchanged, told.vanished) == (2, 0, 2, 1)
    assert sorted(live(con, "clicks", "page")) == [("a",), ("a",), ("a",), ("c",)]


def test_an_absent_optional_table_ends_nothing(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    both = contract(tmp_path, table("one", column("a")), table("two", column("a"), optional=True))
    folder = data(tmp_path, one__csv="a\n1\n", two__csv="a\n1\n")
    landed(con, both, folder)
    (folder / "two.csv").unlink()
    assert list(landed(con, both, folder, date(2026, 2, 1)).tables) == ["one"]
    assert live(con, "two", "a") == [("1",)]


def test_faulty_rows_go_to_quarantine_and_every_row_is_counted(
    con: duckdb.DuckDBPyConnection, clients: Contract, tmp_path: Path
) -> None:
    text = (
        "client,born,kind,visits\nA-1,1990-05-17,x,1\nA-2,1990-02-31,y,two\nA-3,,,3\nA-4,1990-01-01\n,,x,1\n"
        "A-6,,x,1\nA-6,,x,2\n"
    )
    landing = landed(con, clients, data(tmp_path, clients__csv=text))
    counts = landing.tables["clients"]
    assert (counts.rows, counts.accepted, counts.quarantined) == (7, 1, 6)
    held = rows(con, "quarantine.clients", "source_row", "rules", "client", "born", "visits")
    assert [(row[0], row[1]) for row in held] == [
        (3, ["born: type", "visits: type"]),
        (4, ["kind: required"]),
        (5, ["fields"]),
        (6, ["client: required"]),
        (7, ["client: unique"]),
        (8, ["client: unique"]),
    ]
    assert held[0][2:] == (KEY.pseudonym("person", "A-2"), None, None)
    assert held[2][2:] == (None, None, None)
    failures = con.execute(
        "SELECT _row, rule FROM staging._failures WHERE table_name = 'clients' ORDER BY ALL"
    ).fetchall()
    assert (5, "fields") in failures
    assert {result.rule for result in landing.results if result.failed} >= {"born: type", "client: unique"}


def test_a_quarantined_row_has_not_vanished(con: duckdb.DuckDBPyConnection, clients: Contract, tmp_path: Path) -> None:
    landed(con, clients, data(tmp_path, clients__csv=FIRST))
    spoilt = FIRST.replace("y,2", "y,two")
    counts = landed(con, clients, data(tmp_path, clients__csv=spoilt), date(2026, 2, 1)).tables["clients"]
    assert (counts.unchanged, counts.quarantined, counts.vanished) == (2, 1, 0)
    assert sorted(live(con, "clients", "visits")) == [(1,), (2,), (3,)]


def test_what_cannot_be_read_is_quarantined_whatever_the_rules_say(
    con: duckdb.DuckDBPyConnection, clients: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data_contracts.rules.apply_rules", lambda *_, **__: [])
    real = __import__("data_contracts.rules", fromlist=["x"]).write_failures

    def none_fail(con: duckdb.DuckDBPyConnection, *_: object, **__: object) -> int:
        real(con, clients, {}, TODAY)
        return 0

    monkeypatch.setattr("data_contracts.rules.write_failures", none_fail)
    landing = landed(con, clients, data(tmp_path, clients__csv=FIRST.replace("y,2", "y,two")))
    assert landing.counts == {"clients": (3, 1)}
    assert rows(con, "quarantine.clients", "rules") == [(["visits: type"],)]


def test_counts_that_do_not_add_up_stop_the_landing(
    con: duckdb.DuckDBPyConnection, clients: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data_contracts.ingest.history.quarantine", lambda *_: 1)
    with pytest.raises(PlumblineError, match="3 rows were read, but 3 accepted and 1 quarantined"):
        land(con, PROGRAMME, clients, found(clients, data(tmp_path, clients__csv=FIRST)), KEY)
    assert con.execute("SELECT count(*) FROM ops.delivery").fetchone() == (0,)


def test_references_of_an_increment_look_at_what_stays(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    visits = table(
        "visits",
        column("client", "string", "key", relationships=[{"to": "clients.client"}], custom={"keySpace": "person"}),
        column("n", "integer"),
    )
    agreed = contract(tmp_path, CLIENTS, {**visits}, quarantineCeiling=1)
    folder = data(tmp_path, clients__csv=FIRST, visits__csv="client,n\nA-1,1\nZ,2\n")
    assert landed(con, agreed, folder).counts["visits"] == (2, 1)
    more = data(
        tmp_path,
        clients__csv="client,born,kind,visits\nA-8,,x,1\n",
        visits__csv="client,n\nA-1,5\nA-8,6\nY,7\n",
        delivery__yaml="kind: increment\n",
    )
    assert landed(con, agreed, more).counts["visits"] == (3, 1)


def test_pending_rows_are_taken_back_and_what_they_ended_lives_again(
    con: duckdb.DuckDBPyConnection, clients: Contract, tmp_path: Path
) -> None:
    landed(con, clients, data(tmp_path, clients__csv=FIRST))
    before = con.execute(f'SELECT * FROM raw."{PROGRAMME}__clients" ORDER BY source_row').fetchall()
    second = data(tmp_path, clients__csv=LATER + "A-5,1990-13-01,x,5\n")
    pending = land(con, PROGRAMME, clients, found(clients, second, date(2026, 2, 1)), KEY)
    assert pending.counts == {"clients": (4, 1)}
    refuse_delivery(con, PROGRAMME, pending.delivery_id)
    assert con.execute(f'SELECT * FROM raw."{PROGRAMME}__clients" ORDER BY source_row').fetchall() == before
    assert rows(con, "quarantine.clients", "source_row") == []
    assert con.execute("SELECT status FROM ops.delivery ORDER BY seq").fetchall() == [("accepted",), ("refused",)]
    with pytest.raises(PlumblineError, match="no pending delivery"):
        accept_delivery(con, PROGRAMME, pending.delivery_id)
    # a run that was killed leaves it pending: the next one starts by taking it out
    again = land(con, PROGRAMME, clients, found(clients, second, date(2026, 2, 1)), KEY)
    assert again.delivery_id == pending.delivery_id
    discard_pending(con, PROGRAMME)
    assert con.execute(f'SELECT * FROM raw."{PROGRAMME}__clients" ORDER BY source_row').fetchall() == before
    landing = landed(con, clients, second, date(2026, 2, 1))
    accept_delivery(con, PROGRAMME, landing.delivery_id)
    assert con.execute("SELECT count(*) FROM ops.delivery WHERE status = 'accepted'").fetchone() == (2,)


def test_landing_starts_by_taking_out_what_was_left_pending(
    con: duckdb.DuckDBPyConnection, clients: Contract, tmp_path: Path
) -> None:
    left = land(con, PROGRAMME, clients, found(clients, data(tmp_path, clients__csv=LATER)), KEY)
    landing = landed(con, clients, data(tmp_path, clients__csv=FIRST))
    assert landing.tables["clients"].new == 3
    assert sorted(rows(con, "raw.clients", "visits", "delivery_id")) == [(n, landing.delivery_id) for n in (1, 2, 3)]
    assert con.execute("SELECT status FROM ops.delivery WHERE delivery_id = ?", [left.delivery_id]).fetchone() == (
        "refused",
    )


def test_an_error_in_the_middle_leaves_nothing(
    con: duckdb.DuckDBPyConnection, clients: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = found(clients, data(tmp_path, clients__csv=FIRST))

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("data_contracts.ingest.history.merge", interrupt)
        with pytest.raises(KeyboardInterrupt):
            land(con, PROGRAMME, clients, delivery, KEY)
    tables = con.execute("SELECT table_schema FROM information_schema.tables WHERE table_schema <> 'ops'").fetchall()
    assert tables == []
    assert land(con, PROGRAMME, clients, delivery, KEY).counts == {"clients": (3, 0)}
    with monkeypatch.context() as patch:
        patch.setattr("data_contracts.ingest.history.forget", interrupt)
        patch.setattr("data_contracts.ingest.landing._set_status", interrupt)
        for act in (refuse_delivery, accept_delivery):
            with pytest.raises(KeyboardInterrupt):
                act(con, PROGRAMME, con.execute("SELECT delivery_id FROM ops.delivery").fetchall()[0][0])
    assert con.execute("SELECT status FROM ops.delivery").fetchall() == [("pending",)]


def test_a_changed_contract_replaces_the_former_reading(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    folder = data(tmp_path, one__csv="id,a,b,c\n1,x,1,p\n2,y,2,q\n")
    id_ = column("id", "integer", primaryKey=True)
    before = contract(tmp_path, table("one", id_, column("a"), column("b")))
    first = landed(con, before, folder)
    after = contract(tmp_path, table("one", id_, column("a", "string", "key"), column("b", "integer"), column("c")))
    second = landed(con, after, folder, date(2026, 6, 1))
    assert not second.already_accepted
    assert second.delivered_on == TODAY
    assert live(con, "one", "id", "a", "b", "c", "first_delivered_on") == [
        (1, KEY.pseudonym("a", "x"), 1, "p", TODAY),
        (2, KEY.pseudonym("a", "y"), 2, "q", TODAY),
    ]
    everything = con.execute(f'SELECT * FROM raw."{PROGRAMME}__one"').fetchall()
    assert not any("x" in row for row in everything)  # what became a key is nowhere in clear
    assert not any(first.delivery_id in row for row in everything)
    assert con.execute("SELECT status, replaces FROM ops.delivery ORDER BY seq").fetchall() == [
        ("replaced", None),
        ("accepted", first.delivery_id),
    ]
    third = landed(con, before, folder, date(2026, 7, 1))
    assert third.delivery_id == first.delivery_id
    assert live(con, "one", "id", "a", "b") == [(1, "x", "1"), (2, "y", "2")]
    names = [row[0] for row in con.execute(f'DESCRIBE raw."{PROGRAMME}__one"').fetchall()]
    assert "c" not in names
    rule_only = contract(tmp_path, table("one", id_, column("a", required=True), column("b")))
    counts = landed(con, rule_only, folder, date(2026, 8, 1)).tables["one"]
    assert (counts.unchanged, counts.new, counts.changed) == (2, 0, 0)


def test_older_deliveries_and_other_keys_cannot_follow(
    con: duckdb.DuckDBPyConnection, clients: Contract, tmp_path: Path
) -> None:
    folder = data(tmp_path, clients__csv=FIRST)
    landed(con, clients, folder)
    landed(con, clients, data(tmp_path, clients__csv=LATER), date(2026, 2, 1))
    with pytest.raises(UsageError, match="is older than the last one, of 2026-02-01"):
        landed(con, clients, data(tmp_path, clients__csv=FIRST + "A-8,,x,1\n"), date(2026, 1, 30))
    changed = contract(tmp_path, CLIENTS, quarantineCeiling=0.5)
    with pytest.raises(UsageError, match="newer ones have followed"):
        landed(con, changed, data(tmp_path, clients__csv=FIRST), date(2026, 3, 1))
    other = MasterKey(b"o" * 32).for_programme(PROGRAMME)
    with pytest.raises(PlumblineError, match="another key"):
        landed(con, clients, data(tmp_path, clients__csv=LATER), date(2026, 3, 1), other)


def test_two_programmes_in_one_home_do_not_touch(
    con: duckdb.DuckDBPyConnection, clients: Contract, tmp_path: Path
) -> None:
    landed(con, clients, data(tmp_path, clients__csv=FIRST))
    other = MasterKey(bytes(range(32))).for_programme("other's")
    landing = land(con, "other's", clients, found(clients, data(tmp_path, clients__csv=LATER)), other)
    assert landing.tables["clients"].new == 3
    assert len(live(con, "clients", "visits")) == 3


def test_no_raw_key_or_birth_day_reaches_the_disk(tmp_path: Path) -> None:
    """Every file under the home is searched for the keys."""
    agreed = contract(tmp_path, CLIENTS, quarantineCeiling=1)
    secrets = [f"KEY{n:07d}SECRET" for n in range(3000)]
    lines = [
        f"{each},1987-05-{1 + n % 28:02d},{'x' if n % 3 else ''},{n if n % 5 else 'bad'}"
        for n, each in enumerate(secrets)
    ]
    folder = data(tmp_path, clients__csv="client,born,kind,visits\n" + "\n".join(lines) + "\n")
    home = tmp_path / "home"
    home.mkdir()
    made = open_warehouse(home / "warehouse.duckdb", memory_limit="64MB")
    landing = landed(made, agreed, folder)
    assert landing.tables["clients"].quarantined > 0
    made.execute("CHECKPOINT")
    files = [path for path in home.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        content = path.read_bytes()
        assert b"SECRET" not in content
        assert b"1987-05-1" not in content
    stored = made.execute(
        f'SELECT DISTINCT born FROM raw."{PROGRAMME}__clients" UNION SELECT born FROM quarantine."{PROGRAMME}__clients"'
    ).fetchall()
    assert stored == [(date(1987, 5, 1),)]
    made.close()


def test_duckdb_only_ever_sees_pseudonyms(
    con: duckdb.DuckDBPyConnection, clients: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from data_contracts.ingest import staging

    seen = []
    real = staging.typed_rows

    def watch(*arguments: object) -> object:
        made = real(*arguments)  # type: ignore[arg-type]
        seen.append(made)
        return made

    monkeypatch.setattr(staging, "typed_rows", watch)
    landed(con, clients, data(tmp_path, clients__csv=FIRST))
    (batch,) = seen
    assert all(len(each) == 32 for each in batch.column("client").to_pylist())
    assert {day.day for day in batch.column("born").to_pylist() if day} == {1}


def test_rows_that_a_killed_run_left_beside_the_warehouse_are_removed(tmp_path: Path) -> None:
    left = tmp_path / "warehouse.duckdb.tmp" / "plumbline-abc"
    left.mkdir(parents=True)
    (left / "scratch.duckdb").write_bytes(b"rows")
    open_warehouse(tmp_path / "warehouse.duckdb").close()
    assert not left.exists()


def test_a_kill_in_the_middle_leaves_the_last_state(tmp_path: Path) -> None:
    agreed = contract(tmp_path, CLIENTS, quarantineCeiling=1)
    path = tmp_path / "warehouse.duckdb"
    con = open_warehouse(path)
    landed(con, agreed, data(tmp_path, clients__csv=FIRST))
    con.close()
    data(tmp_path, clients__csv=LATER)
    script = f"""
import os, signal
from datetime import date
from pathlib import Path
from data_contracts.contract import read_contract
from data_contracts.delivery import find_files
from data_contracts.ingest import history, land
from data_contracts.keys import MasterKey
from data_contracts.warehouse import open_warehouse
agreed, _ = read_contract(Path({str(tmp_path / "contract.odcs.yaml")!r}))
real = history.merge
def merge(*arguments, **named):
    real(*arguments, **named)
    os.kill(os.getpid(), signal.SIGKILL)
history.merge = merge
con = open_warehouse(Path({str(path)!r}))
key = MasterKey(bytes(range(32))).for_programme({PROGRAMME!r})
land(con, {PROGRAMME!r}, agreed, find_files(agreed, Path({str(tmp_path / "data")!r}), today=date(2026, 2, 1)), key)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    con = open_warehouse(path)
    assert sorted(live(con, "clients", "visits")) == [(1,), (2,), (3,)]
    assert landed(con, agreed, tmp_path / "data", date(2026, 2, 1)).tables["clients"].vanished == 1
    con.close()


def test_a_warehouse_in_use_or_broken_is_told_in_words(tmp_path: Path) -> None:
    os.umask(0o022)  # whatever another test left
    path = tmp_path / "warehouse.duckdb"
    con = open_warehouse(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    settings = con.execute(
        "SELECT current_setting('TimeZone'), current_setting('autoload_known_extensions'), "
        "current_setting('preserve_insertion_order'), current_setting('temp_directory')"
    ).fetchone()
    assert settings == ("UTC", False, True, f"{path}.tmp")
    script = f"""
from pathlib import Path
from data_contracts.errors import PlumblineError
from data_contracts.warehouse import open_warehouse
try:
    open_warehouse(Path({str(path)!r}))
except PlumblineError as error:
    print(error)
"""
    told = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    assert "in use by another process" in told
    con.close()
    (tmp_path / "text.duckdb").write_text("no database " * 100)
    with pytest.raises(PlumblineError, match="no DuckDB database"):
        open_warehouse(tmp_path / "text.duckdb")
    with pytest.raises(PlumblineError, match="cannot be opened or written"):
        open_warehouse(tmp_path / "none" / "warehouse.duckdb")
    with pytest.raises(PlumblineError, match="memory limit"):
        open_warehouse(tmp_path / "other.duckdb", memory_limit="much")
    assert os.umask(0o022) == 0o022


def test_a_workbook_with_two_tables_and_files_in_parts(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.title = "one"
    book.active.append(["a"])
    book.active.append([1])
    book.create_sheet("two").append(["b"])
    book["two"].append(["x"])
    folder = data(tmp_path, part_1__csv="c\n1\n", part_2__csv="c\n2\n2,2\n")
    book.save(folder / "book.xlsx")
    agreed = contract(
        tmp_path,
        table("one", column("a", "integer"), pattern="book.xlsx", dialect={"sheet": "one"}),
        table("two", column("b"), pattern="book.xlsx", dialect={"sheet": "two"}),
        table("parts", column("c", "integer"), pattern="part_*.csv"),
        quarantineCeiling=1,
    )
    delivery = find_files(agreed, folder, today=TODAY)
    landing = land(con, PROGRAMME, agreed, delivery, KEY)
    assert landing.counts == {"one": (1, 0), "two": (1, 0), "parts": (3, 1)}
    told = con.execute("SELECT table_name, file_name, rows, accepted, quarantined FROM ops.delivery_file").fetchall()
    assert told == [
        ("one", "book.xlsx", 1, 1, 0),
        ("two", "book.xlsx", 1, 1, 0),
        ("parts", "part_1.csv", 1, 1, 0),
        ("parts", "part_2.csv", 2, 1, 1),
    ]
