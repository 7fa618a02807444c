"""Made-up events: a person has about 25, some have hundreds.

Belongs here: the seeded data, as Parquet for the peers and as a warehouse for Plumbline.
Does not belong here: what is computed from them (workload).

Nobody in them exists. They are drawn without a model of anything: only sizes and shapes matter for speed.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.workload import AS_OF, CATEGORIES, DAYS, FIRST_DAY, PROGRAMME, TYPES

if TYPE_CHECKING:
    import numpy.typing as npt

SEED = 20231201
MEAN_LOG, SD_LOG = 2.52, 1.2  # of the number of events a person: mean 25, median 12, one in a hundred has 200
WAREHOUSE, EVENTS, ROWS = "warehouse.duckdb", "events.parquet", "rows.parquet"
_COHORT = """CREATE SCHEMA cohort;
CREATE TABLE cohort."case" (programme VARCHAR, cohort VARCHAR, as_of DATE, case_id VARCHAR, person_id VARCHAR,
    cluster_id VARCHAR, returning_person BOOLEAN, team VARCHAR);
"""


def draw(people: int) -> dict[str, npt.NDArray[Any]]:
    """Draw the events of so many people.

    Returns
    -------
    dict of str to ndarray
        person, day (after FIRST_DAY), event_type, category (all int32 positions) and value (float64, two decimals),
        one entry per event, by day as an agency's export is.
    """
    import numpy as np

    rng = np.random.default_rng([SEED, people])
    counts = rng.lognormal(MEAN_LOG, SD_LOG, people).astype(np.int32)
    person = np.repeat(np.arange(people, dtype=np.int32), counts)
    total = len(person)
    day = rng.integers(0, DAYS, total, dtype=np.int32)
    # some types and categories are common, others rare
    weights = 1.0 / np.arange(1, len(TYPES) + 1)
    event_type = rng.choice(len(TYPES), total, p=weights / weights.sum()).astype(np.int32)
    weights = 1.0 / np.arange(1, len(CATEGORIES) + 1)
    category = rng.choice(len(CATEGORIES), total, p=weights / weights.sum()).astype(np.int32)
    value = np.round(rng.lognormal(3.0, 1.0, total), 2)
    order = np.lexsort((person, day))
    return {
        "person": person[order],
        "day": day[order],
        "event_type": event_type[order],
        "category": category[order],
        "value": value,
    }


def make(folder: Path, people: int) -> None:
    """Write events.parquet, rows.parquet and warehouse.duckdb unless they are there.

    Parameters
    ----------
    folder : Path
        Where; appears only once it is complete.
    people : int
        How many.
    """
    if folder.exists():
        return
    import duckdb
    import pyarrow as pa

    from data_contracts.core.schema import create_tables

    building = folder.with_name(folder.name + ".building")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    con = duckdb.connect(str(building / WAREHOUSE))
    create_tables(con)
    con.execute(_COHORT)
    con.execute(f"SET memory_limit = '2GB'; SET temp_directory = '{building / 'spilled'}'")
    drawn = pa.table(draw(people))  # noqa: F841 - read by the queries
    # ids as long as the pseudonyms of real core tables
    person = f"md5('person {SEED} ' || person)"
    con.execute(f"""CREATE TEMP TABLE made AS
        SELECT {person} AS person_id, DATE '{FIRST_DAY}' + day AS event_at,
            {_word(TYPES, "event_type")} AS event_type, {_word(CATEGORIES, "category")} AS category, value
        FROM drawn""")
    con.execute(f"""INSERT INTO core.event BY NAME
        SELECT '{PROGRAMME}' AS programme, md5('event {SEED} ' || rowid) AS event_id, person_id, event_at,
            event_at AS known_at, event_type, category, value, 'made' AS source_table, rowid AS source_row
        FROM made ORDER BY rowid""")
    days = ", ".join(f"DATE '{day}'" for day in AS_OF)
    con.execute(f"""INSERT INTO cohort."case" BY NAME
        SELECT '{PROGRAMME}' AS programme, strftime(as_of, '%Y-%m') AS cohort, as_of,
            {person} AS case_id, {person} AS person_id, {person} AS cluster_id,
            FALSE AS returning_person
        FROM range({people}) AS people(person), unnest([{days}]) AS days(as_of) ORDER BY as_of, person""")
    for query, name in (
        ("SELECT * FROM made ORDER BY rowid", EVENTS),
        ('SELECT person_id, as_of FROM cohort."case" ORDER BY rowid', ROWS),
    ):
        con.execute(f"COPY ({query}) TO '{building / name}' (FORMAT parquet, COMPRESSION snappy)")
    con.close()
    shutil.rmtree(building / "spilled", ignore_errors=True)
    building.rename(folder)


def _word(words: tuple[str, ...], position: str) -> str:
    quoted = ", ".join(f"'{word}'" for word in words)
    return f"[{quoted}][1 + {position}]"


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]))
