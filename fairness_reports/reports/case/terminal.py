"""One case as text for the terminal.

Belongs here: lines, indents and bars made of characters.
Does not belong here: what is said (content).
"""

from __future__ import annotations

from textwrap import TextWrapper

from fairness_reports.language import Language, plain
from fairness_reports.reports.case.content import Case, told
from fairness_reports.reports.case.parts import Piece, Points, Reason

WIDTH = 100
"""Longer lines are broken; a pseudonym never is."""


def case_text(language: Language, case: Case) -> str:
    """The case in one language.

    Returns
    -------
    str
        Lines for a terminal: no colour is needed to read them, and nothing in them recommends an action.
    """
    all_of_it = told(language, case)
    lines = _wrapped(f"{plain(all_of_it.programme)} · {plain(all_of_it.made_of)}")
    lines += [language.plain("case.id", id=all_of_it.case_id), *_wrapped(all_of_it.headline)]
    for notice in all_of_it.notices:
        lines += _wrapped(notice, "! ", "  ")
    for part in all_of_it.parts:
        title = plain(part.title)
        lines += ["", title, "-" * len(title)]
        for piece in part.pieces:
            lines += _lines(piece)
    return "\n".join(lines)


def _lines(piece: Piece) -> list[str]:
    if isinstance(piece, Points):
        return [line for item in piece.items for line in _wrapped(item, "  - ", "    ")]
    if isinstance(piece, Reason):
        return _reason(piece)
    return _wrapped(piece.text, "  ", "  ")


def _reason(reason: Reason) -> list[str]:
    sign = "+" if reason.direction == "raises" else "−"
    bar = (sign * reason.tenths).ljust(10, "·")
    lines = _wrapped(reason.what, "  * ", "    ")
    lines += _wrapped(" ".join([f"[{bar}]", plain(reason.weight), *map(plain, reason.more)]), "    ", "    ")
    for record in reason.records:
        lines.append(f"      {plain(record.text)}")
    return [*lines, f"      {plain(reason.rest)}"] if reason.rest else lines


def _wrapped(text: str, first: str = "", then: str = "") -> list[str]:
    wrapper = TextWrapper(
        WIDTH, initial_indent=first, subsequent_indent=then, break_long_words=False, break_on_hyphens=False
    )
    return wrapper.wrap(plain(text))
