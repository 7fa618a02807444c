"""What has to be computed again: people whose records have changed, and rows that are new.

Belongs here: one fingerprint per person over all records that a cell of theirs can depend on, kept beside the matrix.
Does not belong here: computing and storing cells (build).

A fingerprint is a sum of hashes over rows, so that their order does not matter. It takes in every column that a feature
can read, whatever its dates: to recompute too much is harmless, too little is not.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from data_contracts.core import schema
from data_contracts.core.schema import CORE
from features.fields import Feature, Scope
from features.kinds import DaysSinceOpened
from features.spec import columns
from features.sql import SCOPES, attribute_features, event_features, event_types, literal, name, one_of, sources

_TODO, _KEPT, _STATE = "_features_todo", "_features_kept", "_features_state"


@dataclass(frozen=True)
class Increment:
    """What a build has to do.

    Attributes
    ----------
    todo : str
        Relation of the rows to compute, with the columns of cohort."case".
    rows : int
        How many they are.
    kept : str or None
        Relation of the rows (cohort, as_of, case_id) whose cells stay; None where the whole matrix is made anew.
    made_from : str
        Hash of specification, code and what holds for everybody.
    """

    todo: str
    rows: int
    kept: str | None
    made_from: str


def find_increment(
    con: duckdb.DuckDBPyConnection, programme: str, specs: Sequence[Feature], events: str, target: str, engine: str
) -> Increment:
    """Compare the records with those that the stored matrix was made from.

    Parameters
    ----------
    con : DuckDBPyConnection
        The warehouse.
    programme : str
        Whose.
    specs : sequence of FeatureSpec
        The features.
    events : str
        The relation that has each event once.
    target : str
        The matrix, which may not exist yet.
    engine : str
        What computes: cells of another engine are not kept.

    Returns
    -------
    Increment
    """
    made_from = _made_from(con, programme, specs, engine)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {_STATE} AS {_fingerprints(programme, specs, events)}")
    ours = f'FROM cohort."case" AS own WHERE own.programme = {literal(programme)}'
    if not _stands(con, programme, target, made_from, [column.name for column in columns(specs)]):
        con.execute(f"CREATE OR REPLACE TEMP VIEW {_TODO} AS SELECT own.* {ours}")
        return Increment(_TODO, _count(con, _TODO), None, made_from)
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {_KEPT} AS
        SELECT cohort, as_of, case_id, person_id
        FROM cohort."case" AS own
        SEMI JOIN {target} AS stored USING (cohort, as_of, case_id)
        SEMI JOIN {_rows(programme)} AS owned USING (cohort, as_of, case_id, person_id)
        SEMI JOIN (SELECT * FROM {_STATE} INTERSECT SELECT * FROM {_people(programme)}) AS unchanged USING (person_id)
        WHERE own.programme = {literal(programme)}"""
    )
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW {_TODO} AS SELECT own.* {ours} "
        f"AND (own.cohort, own.as_of, own.case_id) NOT IN (SELECT (cohort, as_of, case_id) FROM {_KEPT})"
    )
    return Increment(_TODO, _count(con, _TODO), _KEPT, made_from)


def keep_state(con: duckdb.DuckDBPyConnection, programme: str, increment: Increment) -> None:
    """Remember what the matrix was made from; in the same transaction as its rows."""
    con.execute(f"CREATE OR REPLACE TABLE {_people(programme)} AS SELECT * FROM {_STATE}")
    con.execute(
        f"CREATE OR REPLACE TABLE {_rows(programme)} AS SELECT cohort, as_of, case_id, person_id "
        f'FROM cohort."case" WHERE programme = {literal(programme)}'
    )
    con.execute(f"CREATE OR REPLACE TABLE {_origin(programme)} AS SELECT {literal(increment.made_from)} AS made_from")


def forget(con: duckdb.DuckDBPyConnection) -> None:
    """Remove what a build needed only meanwhile."""
    con.execute(f"DROP VIEW IF EXISTS {_TODO}")
    for table in (_KEPT, _STATE):
        con.execute(f"DROP TABLE IF EXISTS {table}")


def _people(programme: str) -> str:
    return f"features.{name(programme + '__people')}"


def _rows(programme: str) -> str:
    return f"features.{name(programme + '__rows')}"


def _origin(programme: str) -> str:
    return f"features.{name(programme + '__made_from')}"


def _count(con: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = con.execute(f"SELECT count(*) FROM {relation}").fetchone()
    return int(row[0]) if row else 0


def _stands(con: duckdb.DuckDBPyConnection, programme: str, target: str, made_from: str, wanted: Sequence[str]) -> bool:
    """Whether a matrix is there that this code made from this specification."""
    try:
        found = con.execute(f"SELECT made_from FROM {_origin(programme)}").fetchall()
        stored = [column[0] for column in con.execute(f"SELECT * FROM {target} LIMIT 0").description]
        con.execute(f"SELECT person_id, n, fingerprint FROM {_people(programme)} LIMIT 0")
        con.execute(f"SELECT cohort, as_of, case_id, person_id FROM {_rows(programme)} LIMIT 0")
    except (duckdb.CatalogException, duckdb.BinderException):  # not there, or of another version
        return False
    return found == [(made_from,)] and stored == ["cohort", "as_of", "case_id", *wanted]


def _made_from(con: duckdb.DuckDBPyConnection, programme: str, specs: Sequence[Feature], engine: str) -> str:
    """Hash of everything but people's own records."""
    digest = hashlib.sha256()
    for library in ("duckdb", "numba", "numpy", "pyarrow"):
        digest.update(f"{library} {importlib.metadata.version(library)}\n".encode())
    for path in (*sorted(Path(__file__).parent.glob("*.py")), Path(schema.__file__)):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    told = [engine, *(spec.model_dump(mode="json") for spec in specs)]
    digest.update(json.dumps(told, sort_keys=True).encode())
    everybody = "person_id IS NULL AND case_id IS NULL"
    found = con.execute(f"SELECT n, fingerprint FROM ({_summed(_coverage(programme, specs, everybody))})").fetchall()
    digest.update(repr(found).encode())
    return digest.hexdigest()


def _coverage(programme: str, specs: Sequence[Feature], whose: str) -> str:
    wanted = sorted({source for source, _ in sources(specs)})
    collected = one_of("source", wanted) if wanted else "FALSE"
    return (
        f"SELECT person_id, case_id, {_hash('coverage')} AS h FROM core.coverage "
        f"WHERE programme = {literal(programme)} AND {collected} AND {whose}"
    )


def _summed(parts: str) -> str:
    return f"SELECT person_id, count(*) AS n, sum(h) AS fingerprint FROM ({parts}) GROUP BY person_id"


def _hash(table: str) -> str:
    """Hash of a core row, with the table's name, without where it was read from."""
    read = [name(column) for column in CORE[table].columns if column not in ("source_table", "source_row")]
    return f"hash({literal(table)}, {', '.join(read)})"


def _fingerprints(programme: str, specs: Sequence[Feature], events: str) -> str:
    """person_id, n, fingerprint of every person in cohort."case"."""
    ours = f"programme = {literal(programme)}"
    parts = ["SELECT person_id, hash(case_id) AS h FROM cases"]
    parts += [_hashed_events(specs, scope, ours, events) for scope in SCOPES if event_features(specs, scope)]
    for scope in ("person", "case"):
        if found := attribute_features(specs, scope):
            parts.append(
                "SELECT whom.person_id, h "
                f"FROM (SELECT DISTINCT person_id, {scope}_id AS subject_id FROM cases) AS whom "
                f"JOIN (SELECT subject_id, {_hash('attribute')} AS h FROM core.attribute WHERE {ours} "
                f"AND {one_of('name', sorted({spec.attribute for spec in found}))}) USING (subject_id)"
            )
    if any(isinstance(spec, DaysSinceOpened) for spec in specs):
        parts.append(
            f"SELECT cases.person_id, h FROM cases "
            f'JOIN (SELECT case_id, {_hash("case")} AS h FROM core."case" WHERE {ours}) USING (case_id)'
        )
    if sources(specs):
        named = _coverage(programme, specs, "TRUE")
        parts += [
            f"SELECT cases.person_id, h FROM (SELECT DISTINCT person_id FROM cases) AS cases "
            f"JOIN ({named} AND case_id IS NULL) USING (person_id)",
            f"SELECT cases.person_id, h FROM cases JOIN ({named}) AS coverage USING (case_id)",
        ]
    # what links people to each other, and so decides whose records count
    linked = (
        "linked AS (SELECT own.person_id, theirs.person_id AS other_id, hash(own, theirs) AS h "
        f"FROM (SELECT * FROM core.membership WHERE {ours}) AS own "
        f"JOIN (SELECT * FROM core.membership WHERE {ours}) AS theirs USING (cluster_id) "
        "SEMI JOIN cases ON cases.person_id = own.person_id WHERE own.person_id <> theirs.person_id)"
    )
    if event_features(specs, "association"):
        parts.append("SELECT person_id, h FROM linked")
    cases = f'cases AS (SELECT DISTINCT person_id, case_id FROM cohort."case" WHERE {ours})'
    return f"WITH {cases}, {linked} {_summed(' UNION ALL '.join(parts))}"


def _hashed_events(specs: Sequence[Feature], scope: Scope, ours: str, events: str) -> str:
    whom = {
        "person": "SELECT DISTINCT person_id, person_id AS id FROM cases",
        "case": "SELECT DISTINCT person_id, case_id AS id FROM cases",
        "association": "SELECT DISTINCT person_id, other_id AS id FROM linked",
    }[scope]
    types = one_of("event_type", event_types(event_features(specs, scope)))
    subject = "case_id" if scope == "case" else "person_id"
    return (
        f"SELECT whom.person_id, h FROM ({whom}) AS whom JOIN (SELECT {subject} AS id, {_hash('event')} AS h "
        f"FROM {events} WHERE {ours} AND {types}) USING (id)"
    )
