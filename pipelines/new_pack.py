"""A new programme's pack: a small example that loads, with a comment on every field.

Belongs here: the name and the folder of a new pack, filling the template in `pipelines/templates/pack`.
Does not belong here: what a field means (the rooms), reading a pack (pipelines.packs).
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from data_contracts.errors import UsageError
from data_contracts.yamldoc import read_document
from pipelines.packs import built_in, load_pack

TEMPLATE = Path(__file__).parent / "templates" / "pack"
FILES = ("contract.odcs.yaml", "programme.yaml", "charter.yaml", "words.yaml", "vignettes.yaml")
"""The files of a pack, in the order in which they are filled in."""

_NAME = re.compile(r"[a-z](_?[a-z0-9]){1,40}")
_STANDS_FOR_NAME = "PACK_NAME"


def write_pack(name: str, out: Path) -> str:
    """Write a new pack.

    Parameters
    ----------
    name : str
        The programme's name: small letters, digits, underscores.
    out : Path
        The pack's folder, new or empty.

    Returns
    -------
    str
        What was written and what to do next.

    Raises
    ------
    UsageError
        When the name cannot be one, is a built-in programme's, or the folder is not empty.
    """
    _refuse_name(name)
    _refuse_used(out)
    out.mkdir(parents=True, exist_ok=True)
    for file in FILES:
        text = (TEMPLATE / file).read_text(encoding="utf-8").replace(_STANDS_FOR_NAME, name)
        (out / file).write_text(text, encoding="utf-8")
    return _next_steps(name, out)


def _refuse_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(
            "this cannot be a programme's name.",
            where=name,
            todo="Use 2 to 41 small letters, digits and underscores, a letter first: tenancy_support.",
        )
    if name in built_in():
        raise UsageError(
            "a programme of this name is built in.", where=name, todo="Choose another: both would share their tables."
        )


def _refuse_used(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(
            "the folder is not empty, and a new pack never overwrites anything.",
            where=str(out),
            todo="Name a new folder with --out.",
        )


def _next_steps(name: str, out: Path) -> str:
    pack = load_pack(str(out))
    document, _ = read_document(out / "charter.yaml")
    lines = [document.line(place) for place in pack.charter.placeholders] if document else []
    folder = shlex.quote(str(out))
    dummy = shlex.quote(str(out.with_name(f"{out.name}_dummy")))
    return "\n".join(
        [
            f"A pack for {name} in {out}: {', '.join(FILES)}.",
            "It works as it stands, with three made-up tables. Every field has a comment.",
            "docs/first_pack.md is the shortest way to a pack of your own; docs/packs.md lists every field.",
            "Next:",
            "  1. Write your own tables into contract.odcs.yaml, then programme.yaml, words.yaml and vignettes.yaml.",
            f"  2. plumbline dummy {folder} --people 500 --out {dummy}",
            "     writes files that keep your contract: does it describe what you have?",
            f"  3. plumbline check {folder} --data {dummy}",
            "     and the same with your own export; it says what does not fit, row by row, and keeps nothing.",
            "  4. Fill in charter.yaml with those who decide: "
            f"{len(lines)} placeholders (TODO), lines {lines[0]} to {lines[-1]}.",
            f"  5. plumbline run {folder} --data DIR",
        ]
    )
