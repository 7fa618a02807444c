"""What holds for every delivery: counts add up, row numbers point at the row, history ends at the newest delivery."""

from __future__ import annotations

import csv
import io
import tempfile
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.contract import Contract
from data_contracts.delivery import find_files
from data_contracts.ingest import land, refuse_delivery
from data_contracts.keys import MasterKey
from data_contracts.reading import cast_text, read_batches
from data_contracts.warehouse import open_warehouse
from tests.data_contracts_deliveries import KEY, PROGRAMME, TODAY, column, contract, data, found, landed, rows, table

pytestmark = pytest.mark.slow

FEW = settings(max_examples=12, deadline=None)
MANY = settings(max_examples=100, deadline=None)

NAMED = table(
    "help",
    column("id", "string", "key", primaryKey=True),
    column("n", "integer"),
    column("kind", required=True),
)
NAMELESS = table("help", column("id"), column("n", "integer"), column("kind", required=True))

cells = st.tuples(
    st.sampled_from(["a", "b", "c", "d", ""]), st.sampled_from(["1", "2", "x", ""]), st.sampled_from("pq")
)
odd = st.sampled_from(["only one", "a,1,p,too many", ""])
records = st.lists(st.one_of(cells.map(",".join), cells.map(",".join), odd), max_size=12)


def agreed(folder: Path, one: dict[str, object]) -> Contract:
    return contract(folder, one, quarantineCeiling=1)


def write(folder: Path, lines: list[str], *, increment: bool = False) -> Path:
    # the last line keeps a file of nothing but blank lines from being refused as empty
    note = "kind: increment\n" if increment else "kind: snapshot\n"
    return data(folder, help__csv="id,n,kind\n" + "\n".join([*lines, "z,1,p"]) + "\n", delivery__yaml=note)


@FEW
@given(
    st.lists(st.tuples(records, st.booleans(), st.booleans()), min_size=1, max_size=3),
    st.sampled_from([NAMED, NAMELESS]),
)
def test_counts_add_up_and_the_newest_snapshot_is_what_lives(
    deliveries: list[tuple[list[str], bool, bool]], one: dict[str, object]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        contract_ = agreed(folder, one)
        con = open_warehouse(folder / "warehouse.duckdb")
        for day, (lines, increment, refuse) in enumerate(deliveries):
            delivery = found(contract_, write(folder, lines, increment=increment), TODAY + timedelta(day))
            before = rows(con, "raw.help", "source_row", "ended_by", "delivery_id") if day else []
            landing = land(con, PROGRAMME, contract_, delivery, KEY)
            if landing.already_accepted:
                continue
            counts = landing.tables["help"]
            assert counts.rows == sum(bool(line.strip(",")) for line in lines) + 1
            assert counts.rows == counts.accepted + counts.quarantined
            assert counts.accepted == counts.new + counts.changed + counts.unchanged
            held = rows(con, "quarantine.help", "delivery_id", "source_row")
            assert sum(each == landing.delivery_id for each, _ in held) == counts.quarantined
            assert con.execute(
                "SELECT sum(rows), sum(accepted), sum(quarantined) FROM ops.delivery_file WHERE delivery_id = ?",
                [landing.delivery_id],
            ).fetchone() == (counts.rows, counts.accepted, counts.quarantined)
            if refuse:
                refuse_delivery(con, PROGRAMME, landing.delivery_id)
                assert rows(con, "raw.help", "source_row", "ended_by", "delivery_id") == before
                continue
            landed(con, contract_, folder / "data", TODAY + timedelta(day))
            alive = [row[1:] for row in rows(con, "raw.help", "ended_by", "id", "n", "kind") if row[0] is None]
            if not increment and one is NAMELESS:
                assert len(alive) == counts.accepted
            if one is NAMED:
                assert max(Counter(row[0] for row in alive).values()) == 1
            born = rows(con, "raw.help", "first_delivered_on")
            assert all(TODAY <= each <= TODAY + timedelta(day) for (each,) in born)
        con.close()


# a line of nothing but a control character that Python counts as white space and Arrow does not is not decided here
text = st.text(
    st.characters(blacklist_categories=("Cs",), blacklist_characters="\0\r\n\v\f\x1c\x1d\x1e\x1f\x85"), max_size=6
)


@MANY
@given(
    st.lists(st.lists(st.one_of(text, st.just("a\nb"), st.just('say "x"; no')), min_size=1, max_size=4), max_size=15),
    st.integers(0, 3),
    st.integers(0, 3),
)
def test_row_numbers_are_those_of_the_record_in_the_file(lines: list[list[str]], titles: int, footer: int) -> None:
    """Held against Python's csv module, for any text, wrong lengths, title rows and footers."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";", lineterminator="\n")
    for number in range(titles):
        writer.writerow([f"title {number}"])
    writer.writerow(["a", "b"])
    writer.writerows([*lines, *[["x", "y"]] * (footer + 1)])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dialect = {"delimiter": ";", "headerRow": titles + 1, "footerRows": footer}
        made = contract(folder, table("help", column("a"), column("b"), dialect=dialect))
        files = find_files(made, data(folder, help__csv=buffer.getvalue()), today=TODAY).files
        good: list[int] = []
        wrong: list[int] = []
        values: list[tuple[str, str]] = []
        for batch in read_batches(files[0], files[0].present):
            good += batch.rows.to_pylist()
            wrong += batch.wrong_fields
            values += zip(batch.text["a"].to_pylist(), batch.text["b"].to_pylist(), strict=True)
    everything = list(enumerate(csv.reader(io.StringIO(buffer.getvalue(), newline=""), delimiter=";"), start=1))[
        titles + 1 :
    ]
    told = [(number, record) for number, record in everything if any(cell.strip() for cell in record)]
    # a line of white space is blank, a record of wrong length with some text is not
    told = told[: len(told) - footer]
    assert good == [number for number, record in told if len(record) == 2]
    assert wrong == [number for number, record in told if len(record) != 2]
    assert values == [tuple(record) for _, record in told if len(record) == 2]


MARKS = {(".", None), (",", "."), (".", ","), (",", " "), (".", "'"), (",", None)}


@MANY
@given(st.integers(-(10**12), 10**12), st.integers(0, 999), st.sampled_from(sorted(MARKS, key=str)), st.booleans())
def test_numbers_are_read_as_they_were_written(
    whole: int, fraction: int, marks: tuple[str, str | None], grouped: bool
) -> None:
    decimal, thousands = marks
    plain = f"{whole:,}" if grouped and thousands else str(whole)
    written = plain.replace(",", thousands or "") + f"{decimal}{fraction:03d}"
    made = _table({"decimal": decimal, "thousands": thousands, "delimiter": ";"}, column("x", "number"))
    cast = cast_text(made.tables[0], made.tables[0].columns[0], pa.array([written]), native=False)
    assert cast.values.to_pylist() == [float(f"{whole}.{fraction:03d}")]


@MANY
@given(st.dates(date(1000, 1, 1)), st.sampled_from(["dd.MM.yyyy", "MM/dd/yyyy", "yyyy-MM-dd", "%d/%m/%Y"]), st.dates())
def test_a_date_is_read_by_its_format_or_not_at_all(day: date, form: str, other: date) -> None:
    made = _table({"dateFormat": form}, column("x", "date"))
    only, (own,) = made.tables[0], made.tables[0].date_formats(made.tables[0].columns[0])
    cast = cast_text(only, only.columns[0], pa.array([day.strftime(own)]), native=False)
    assert cast.values.to_pylist() == [day]
    iso = cast_text(only, only.columns[0], pa.array([other.isoformat(), "2024-02-30"]), native=True)
    assert iso.values.to_pylist() == [other, None]
    assert iso.unparsed.to_pylist() == [False, True]


_MADE: dict[str, Contract] = {}


def _table(dialect: dict[str, object], only: dict[str, object]) -> Contract:
    key = f"{dialect}{only}"
    if key not in _MADE:
        with tempfile.TemporaryDirectory() as name:
            _MADE[key] = contract(Path(name), table("help", only, dialect=dialect))
    return _MADE[key]


@MANY
@given(st.lists(st.text(max_size=8), max_size=20), st.text(max_size=5))
def test_pseudonyms_are_equal_when_and_only_when_values_are(values: list[str], space: str) -> None:
    key = MasterKey(b"k" * 32).for_programme("p")
    made = key.pseudonyms(space, pa.array(values, pa.string())).to_pylist()
    for one, first in zip(values, made, strict=True):
        for two, second in zip(values, made, strict=True):
            assert (one.strip() == two.strip()) == (first == second)
        assert one.strip() not in first or len(one.strip()) < 4


def test_the_same_input_gives_the_same_rows(tmp_path: Path) -> None:
    made = agreed(tmp_path, NAMED)
    folder = write(tmp_path, [f"{n},{n % 7},p" for n in range(3000)])
    tables = []
    for name in ("one", "two"):
        con = open_warehouse(tmp_path / f"{name}.duckdb")
        landed(con, made, folder)
        tables.append(con.execute(f'SELECT * FROM raw."{PROGRAMME}__help"').fetchall())
        con.close()
    assert tables[0] == tables[1]
    assert [row[6] for row in tables[0]] == sorted(row[6] for row in tables[0])
