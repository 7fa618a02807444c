"""The core tables: cases, attributes, memberships, events and coverage, the same for every programme.

The section ``core:`` of programme.yaml says how a programme's sources become these tables; docs/core_tables.md
describes every column.
"""

from data_contracts.core.build import build_core, fill_core
from data_contracts.core.mapping import CoreMapping, Source
from data_contracts.core.problems import check
from data_contracts.core.sandbox import check_sql
from data_contracts.core.schema import CORE, create_tables
from data_contracts.core.vocabulary import Vocabulary, vocabulary

__all__ = [
    "CORE",
    "CoreMapping",
    "Source",
    "Vocabulary",
    "build_core",
    "check",
    "check_sql",
    "create_tables",
    "fill_core",
    "vocabulary",
]
