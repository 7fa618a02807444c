r"""Regular expressions that mean the same in Python's `re` and in RE2.

Belongs here: the portable subset of a contract's ``pattern``, the patterns behind the named string formats.
Does not belong here: where patterns are applied (forms).

Great Expectations matches with Python's engine, DuckDB with RE2. They differ in what ``\d``, ``\w`` and ``\s`` cover,
in whether ``$`` stands before a final
line break, and in what they do not know. So ``\d`` and its like are written out, ``$`` becomes the very end, and what
only one engine knows is refused.
"""

from __future__ import annotations

import re
import warnings

FORMATS = {
    "email": r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$",
    "uri": r"^[A-Za-z][A-Za-z0-9+.\-]*:[^\s]+$",
    "uuid": r"^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$",
    "ipv4": r"^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(\.|$)){4}$",
    "hostname": r"^[A-Za-z0-9]([A-Za-z0-9\-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9\-]{0,61}[A-Za-z0-9])?)*$",
}
"""Named formats of ODCS for text, as patterns."""

_SETS = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\f\r "}
_LITERAL = set("tnrf") | set(r"\.^$*+?()[]{}|/-'\"#&~ @:;,=!%<>")
_COUNT = re.compile(r"\{\d{1,3}(,\d{0,3})?\}")


class PatternError(ValueError):
    """The pattern uses something that only one of the two engines knows."""


def portable(pattern: str) -> str:
    r"""Rewrite a pattern so that Python's `re` finds exactly what RE2 finds.

    Parameters
    ----------
    pattern : str
        A pattern as a contract gives it (searched anywhere in the value unless it is anchored).

    Returns
    -------
    str
        The same pattern for Python; ``pattern`` itself is for RE2.

    Raises
    ------
    PatternError
        When it holds a look-around, a back reference, a flag, a possessive count or a class of one engine only.

    Examples
    --------
    >>> portable(r"^\d{3}$")
    '^[0-9]{3}\\Z'
    """
    out: list[str] = []
    position, inside = 0, False
    while position < len(pattern):
        char = pattern[position]
        if char == "\\":
            out.append(_escape(pattern[position + 1 : position + 2], inside))
            position += 2
            continue
        if inside:
            if char == "[":
                raise PatternError("“[” inside a class must be written “\\[”")
            inside = char != "]"
            out.append(char)
        elif char == "[":
            inside = True
            start = re.match(r"\[\^?", pattern[position:])
            width = start.end() if start else 1
            if pattern[position + width : position + width + 1] == "]":
                raise PatternError("“]” at the start of a class must be written “\\]”")
            out.append(pattern[position : position + width])
            position += width
            continue
        elif char == "$":
            out.append(r"\Z")
        elif char == "{":
            count = _COUNT.match(pattern, position)
            if count is None:
                raise PatternError("“{” as a character must be written “\\{”, and counts go to 999")
            out.append(count.group())
            position = count.end()
            continue
        elif pattern.startswith("(?", position) and not pattern.startswith("(?:", position):
            raise PatternError("look-arounds, named groups and flags “(?...” are not portable")
        elif char == "+" and position and pattern[position - 1] in "*+?}" and not _escaped(pattern, position - 1):
            raise PatternError("a possessive count such as “*+” is not portable")
        else:
            out.append(char)
        position += 1
    result = "".join(out)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Python warns where it may read a class differently one day
            re.compile(result)
    except (re.error, FutureWarning, OverflowError) as error:
        raise PatternError(f"it does not compile ({error})") from error
    return result


def _escaped(pattern: str, position: int) -> bool:
    """Whether the character at `position` follows an odd number of backslashes."""
    before = pattern[:position]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def _escape(char: str, inside: bool) -> str:
    if char.lower() in _SETS and char:
        if char.islower():
            return _SETS[char] if inside else f"[{_SETS[char]}]"
        if inside:
            raise PatternError(f"“\\{char}” inside a class is not portable")
        return f"[^{_SETS[char.lower()]}]"
    if char in _LITERAL and char:
        return "\\" + char
    raise PatternError(f"“\\{char}” is not portable")
