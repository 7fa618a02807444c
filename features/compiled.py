"""How a loop on plain arrays becomes machine code.

Belongs here: the one way in which this project compiles with numba.
Does not belong here: any loop. Numba is imported with this module: import it inside functions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile on first use and keep the machine code beside the source, as Python keeps its own; without the GIL."""
    try:
        return cast(Function, numba.njit(nogil=True, cache=True)(function))
    except RuntimeError:  # neither the package's folder nor the user's cache may be written
        return cast(Function, numba.njit(nogil=True)(function))
