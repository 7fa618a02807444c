"""Text that matches a pattern.

Belongs here: drawing a text for a regular expression of the portable subset that contracts may use.
Does not belong here: which patterns are portable (rules.patterns).
"""

from __future__ import annotations

import re

# The parser of `re` has no public name; a second one would be the greater risk. Tests hold what is used of it.
from re import _constants as code  # type: ignore[attr-defined]  # not in the published stubs
from re import _parser as parser  # type: ignore[attr-defined]  # as above
from typing import Any

import numpy as np

_PRINTABLE = [chr(number) for number in range(33, 127)]
_CLASSES: dict[str, list[str]] = {
    "CATEGORY_DIGIT": list("0123456789"),
    "CATEGORY_WORD": list("abcdefghij"),
    "CATEGORY_SPACE": [" "],
    "CATEGORY_NOT_DIGIT": list("abcdefghij-"),
    "CATEGORY_NOT_WORD": list("-+/:"),
    "CATEGORY_NOT_SPACE": list("abcdefghij0123456789"),
}


def sample(pattern: str, rng: np.random.Generator) -> str | None:
    """Draw a text that matches.

    Parameters
    ----------
    pattern : str
        The pattern; anchors may be left out.
    rng : numpy.random.Generator
        Where chance comes from.

    Returns
    -------
    str or None
        None where no matching text was found.
    """
    try:
        parsed = parser.parse(pattern)
    except (re.error, OverflowError):
        return None
    for _ in range(20):  # an anchor in the middle, or a class that excludes everything printable, may miss
        try:
            text = "".join(_draw(item, rng) for item in parsed)
        except NotImplementedError:
            return None
        if re.search(pattern, text):
            return text
    return None


def _draw(item: tuple[Any, Any], rng: np.random.Generator) -> str:
    kind, value = item
    if kind is code.LITERAL:
        return chr(value)
    if kind is code.NOT_LITERAL:
        return _pick([char for char in _PRINTABLE if ord(char) != value], rng)
    if kind is code.ANY:
        return _pick(_PRINTABLE, rng)
    if kind is code.IN:
        return _pick(_members(value), rng)
    if kind is code.AT:
        return ""
    if kind is code.SUBPATTERN:
        return "".join(_draw(part, rng) for part in value[-1])
    if kind is code.BRANCH:
        branches = value[1]
        return "".join(_draw(part, rng) for part in branches[int(rng.integers(len(branches)))])
    if kind in (code.MAX_REPEAT, code.MIN_REPEAT):
        low, high, part = value
        times = int(rng.integers(low, min(high, low + 4) + 1))
        return "".join(_draw(each, rng) for _ in range(times) for each in part)
    raise NotImplementedError(str(kind))


def _members(items: list[tuple[Any, Any]]) -> list[str]:
    found: list[str] = []
    inverted = False
    for kind, value in items:
        if kind is code.NEGATE:
            inverted = True
        elif kind is code.LITERAL:
            found.append(chr(value))
        elif kind is code.RANGE:
            found += [chr(number) for number in range(value[0], value[1] + 1)]
        elif kind is code.CATEGORY and str(value) in _CLASSES:
            found += _CLASSES[str(value)]
        else:
            raise NotImplementedError(str(kind))
    return [char for char in _PRINTABLE if char not in found] if inverted else found


def _pick(chars: list[str], rng: np.random.Generator) -> str:
    return chars[int(rng.integers(len(chars)))] if chars else ""
