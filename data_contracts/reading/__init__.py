"""Reading source files: CSV (plain or gzip), Parquet and XLSX become batches of text, and text becomes typed columns.

Belongs here: looking at a file before it is read (inspection), streaming it by its dialect, casting.
Does not belong here: what may be stored (privacy), pseudonyms (keys), writing (ingest).
"""

from __future__ import annotations

from data_contracts.reading.batches import read_batches
from data_contracts.reading.casting import Cast, cast_batch, cast_text
from data_contracts.reading.inspection import inspect
from data_contracts.reading.source import Batch, SourceFile

__all__ = ["Batch", "Cast", "SourceFile", "cast_batch", "cast_text", "inspect", "read_batches"]
