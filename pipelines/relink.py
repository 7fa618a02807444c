"""The command `relink`: a restricted table or page with the source's own keys, for whoever holds the key.

Belongs here: finding the programme and the key, writing the log.
Does not belong here: the join (data_contracts.relink, data_contracts.relink_page).
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow.parquet as pq

from data_contracts.errors import UsageError
from data_contracts.keys import load_key
from data_contracts.relink import log_relink, relink
from data_contracts.relink_page import is_page, programme_of_page, relink_page
from pipelines.packs import load_pack
from pipelines.settings import Home, find_key_file


def relink_table(home: Home, file: Path, data: Path, out: Path, programme: str | None, purpose: str, who: str) -> str:
    """Relink a table or the page of a case, and say what came of it."""
    if not data.is_dir():
        raise UsageError("there is no such folder.", where=str(data), todo="Check --data.")
    if not purpose.strip():
        raise UsageError(
            "no purpose was given.", where="--purpose", todo="Say why the table is relinked; it is logged."
        )
    pack = load_pack(programme or _programme_of(file))
    home.prepare()
    key = load_key(find_key_file(home), warehouse_exists=True).for_programme(pack.name)
    page = is_page(file)
    done = (relink_page if page else relink)(file, data, out, pack.contract, key)
    log_relink(home.root, at=dt.datetime.now(dt.UTC), who=who, purpose=purpose, file=file, out=out, relinked=done)
    if page:
        first = f"{done.matched:,} of {done.rows:,} ids relinked ({', '.join(done.columns) or 'no keys'}): {out}\n"
        names = "The page names people: keep it where it may be, and delete it when its purpose is served."
        return first + (names if done.matched else "Is --data the delivery that the release was made from?")
    return (
        f"{done.matched:,} of {done.rows:,} rows relinked ({', '.join(done.columns) or 'no columns'}): {out}\n"
        "The table names people: keep it where it may be, and delete it when its purpose is served."
    )


def _programme_of(file: Path) -> str:
    if is_page(file):
        return programme_of_page(file)
    if file.suffix == ".parquet" and file.is_file():
        try:
            metadata = pq.read_schema(file).metadata or {}
        except (OSError, ValueError):
            metadata = {}
        if b"programme" in metadata:
            return str(metadata[b"programme"].decode())
    raise UsageError("the file does not say its programme.", where=file.name, todo="Name it with --programme.")
