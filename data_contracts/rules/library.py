"""Great Expectations, imported when it is first needed.

Belongs here: the one import of the library, and what has to be kept from it.
Does not belong here: expectations (forms), or asking for a verdict (expect).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType

# It tries to import these where pyspark is installed, for an engine that is not used here. That takes seconds, and in a
# process whose main module has no file, pyspark takes itself for a doctest and ends the process with code 0.
_KEPT_FROM_IT = ("pyspark", "pyspark.sql.connect", "pyspark.sql.connect.dataframe", "pyspark.sql.connect.session")


@cache
def great_expectations() -> ModuleType:
    """The library."""
    with _absent(_KEPT_FROM_IT):
        import great_expectations as library
    found: ModuleType = library
    return found


@cache
def expectations() -> ModuleType:
    """Its module of expectations."""
    great_expectations()
    with _absent(_KEPT_FROM_IT):
        import great_expectations.expectations as module
    found: ModuleType = module
    return found


@contextmanager
def _absent(names: tuple[str, ...]) -> Iterator[None]:
    """Modules that nobody has imported yet cannot be imported meanwhile."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None is Python's own way to say so
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
