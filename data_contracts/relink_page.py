"""For the holder of the key: the source's own keys beside the pseudonyms on the page of one case.

Belongs here: finding the pseudonyms on such a page, writing the page with the keys beside them.
Does not belong here: tables (relink), what stands on the page (fairness_reports).
"""

from __future__ import annotations

import html
import re
from pathlib import Path

from data_contracts.contract import Contract
from data_contracts.errors import UsageError
from data_contracts.keys import ProgrammeKey
from data_contracts.relink import PSEUDONYM, Relinked, look_up, write_private

GENERATOR = "plumbline explain"
"""What the page of one case says of its making: no other page is relinked, or overwritten by `explain`."""

_MADE = f'<meta name="generator" content="{GENERATOR}">'
_PROGRAMME = re.compile(r'<meta name="programme" content="([^"]*)">')
_ID = re.compile(r'(<code class="id">)([^<]*)(</code>)')
_KEY = re.compile(r' <span class="key">[^<]*</span>')
_HIDDEN = '<p class="notice relinked" hidden>'
_NOTICE = '<p class="notice relinked">'


def is_page(file: Path) -> bool:
    """Whether a file is named as a page."""
    return file.suffix.lower() in (".html", ".htm")


def programme_of_page(file: Path) -> str:
    """The programme that a page of one case speaks of.

    Raises
    ------
    UsageError
        When it is no such page.
    """
    found = _PROGRAMME.search(_read(file))
    if found is None:
        raise UsageError("the page does not say its programme.", where=file.name, todo="Name it with --programme.")
    return html.unescape(found[1])


def relink_page(file: Path, data_dir: Path, out: Path, contract: Contract, key: ProgrammeKey) -> Relinked:
    """Write the page of one case with the source's own keys beside its pseudonyms.

    Every id on the page, the case's own and those of records, is looked up by its parts as in `relink`. Keys are text:
    what in them means something to a browser is escaped. Where one was found, the page says that it names people.

    Parameters
    ----------
    file : Path
        A page that `plumbline explain` wrote, relinked before or not.
    data_dir : Path
        A delivery's folder with the source's own keys.
    out : Path
        The page to write, readable by its owner only.
    contract : Contract
    key : ProgrammeKey
        The key under which the pseudonyms were made.

    Returns
    -------
    Relinked
        `rows` counts the ids on the page.

    Raises
    ------
    UsageError
        When the file is no such page, `out` is none by its name, or is `file`.
    """
    if out.resolve() == file.resolve():
        raise UsageError("the output would overwrite the page.", where=out.name, todo="Name another --out.")
    if not is_page(out):
        raise UsageError("a page is relinked to a page.", where=out.name, todo="Name an --out that ends in .html.")
    page = _KEY.sub("", _read(file)).replace(_NOTICE, _HIDDEN)
    ids = [_parts(found[2]) for found in _ID.finditer(page)]
    known = look_up({token for tokens in ids for token in tokens}, data_dir, contract, key)

    def beside(found: re.Match[str]) -> str:
        keys = dict.fromkeys(known[token] for token in _parts(found[2]) if token in known)
        if not keys:
            return found[0]
        shown = html.escape("; ".join(f"{space}: {value}" for space, value in keys))
        return f'{found[0]} <span class="key">({shown})</span>'

    page = _ID.sub(beside, page)
    matched = sum(any(token in known for token in tokens) for tokens in ids)
    if matched:
        page = page.replace(_HIDDEN, _NOTICE)

    write_private(out, lambda path: path.write_text(page, encoding="utf-8"))
    return Relinked(len(ids), matched, tuple(sorted({space for space, _ in known.values()})))


def _parts(text: str) -> list[str]:
    return [token for token in html.unescape(text).split("-") if PSEUDONYM.match(token)]


def _read(file: Path) -> str:
    try:
        page = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UsageError("the page does not exist.", where=file.name, todo="Check its path.") from error
    except (OSError, ValueError) as error:
        raise UsageError("the page cannot be read.", where=file.name, todo="Is it whole?") from error
    if _MADE not in page[:1000]:
        raise UsageError(
            "this is no page of one case.", where=file.name, todo="Give one that `plumbline explain --html` wrote."
        )
    return page
