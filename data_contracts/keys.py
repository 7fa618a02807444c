"""The key from which pseudonyms are made: kept in a file of its own, outside the home.

Belongs here: making, reading and guarding the master key; one key per programme; pseudonyms.
Does not belong here: which columns are keys (contract), reading them (ingest).
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import stat
import string
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from data_contracts.errors import PlumblineError

_BYTES = 32
_CACHED = 2_000_000  # distinct values whose pseudonyms are kept at once; beyond it they are computed again


@dataclass(frozen=True)
class MasterKey:
    """The agency's key. Its bytes never show in a representation or a message."""

    secret: bytes = field(repr=False)

    def for_programme(self, name: str) -> ProgrammeKey:
        """The key of one programme: pseudonyms of two programmes cannot be joined.

        Parameters
        ----------
        name : str
            The programme.

        Returns
        -------
        ProgrammeKey
        """
        return ProgrammeKey(name, hmac.digest(self.secret, b"programme\0" + name.encode(), "sha256"))


@dataclass(frozen=True)
class ProgrammeKey:
    """A programme's key: makes pseudonyms."""

    programme: str
    secret: bytes = field(repr=False)
    _made: dict[str, dict[str, str]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def key_id(self) -> str:
        """Names the key without telling it: whether two warehouses were written under the same one."""
        return hmac.digest(self.secret, b"key id", "sha256").hex()[:16]

    def pseudonym(self, space: str, value: str) -> str:
        """The pseudonym of a value: 32 hexadecimal digits.

        Parameters
        ----------
        space : str
            Equal values of one key space get equal pseudonyms, of two spaces different ones.
        value : str
            The value as text; spaces around it do not count.

        Returns
        -------
        str
        """
        message = space.encode() + b"\0" + value.strip().encode()
        return hmac.new(self.secret, message, hashlib.sha256).digest()[:16].hex()

    def pseudonyms(self, space: str, values: Any) -> Any:
        """Pseudonyms of a column of text, each distinct value once; null stays null.

        Parameters
        ----------
        space : str
            The key space.
        values : pyarrow.Array of string

        Returns
        -------
        pyarrow.Array of string
        """
        encoded = values.dictionary_encode()
        known = self._made.setdefault(space, {})
        if len(known) > _CACHED:
            known.clear()
        made: list[str | None] = []
        for value in encoded.dictionary.to_pylist():
            if value is None:
                made.append(None)
                continue
            if value not in known:
                known[value] = self.pseudonym(space, value)
            made.append(known[value])
        return pa.array(made, pa.string()).take(encoded.indices)


def load_key(path: Path, *, warehouse_exists: bool) -> MasterKey:
    """Read the master key, or make it on first use.

    Parameters
    ----------
    path : Path
        The key file.
    warehouse_exists : bool
        Whether there is a warehouse already: then a missing key is a loss, not a first use.

    Returns
    -------
    MasterKey

    Raises
    ------
    PlumblineError
        When the key is missing beside a warehouse, can be read by others, or is no key.
    """
    try:
        if not path.exists():
            if warehouse_exists:
                raise PlumblineError(
                    "the key file is missing, but there is a warehouse written under it.",
                    where=str(path),
                    todo="Restore it from your backup; without it no new row can be joined to an old one.",
                )
            _make(path)
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text(encoding="ascii", errors="replace").strip()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise PlumblineError(
            f"the key file cannot be used ({reason}).", where=str(path), todo="Check PLUMBLINE_KEY_FILE and its folder."
        ) from error
    if mode & 0o077:
        raise PlumblineError(
            "the key file can be read or written by others on this machine.",
            where=str(path),
            todo=f"Run: chmod 600 {path}",
        )
    if len(text) != 2 * _BYTES or not set(text) <= set(string.hexdigits):
        raise PlumblineError(
            "the key file holds no key (64 hexadecimal digits).", where=str(path), todo="Restore it from your backup."
        )
    return MasterKey(bytes.fromhex(text))


def _make(path: Path) -> None:
    """Write a new key so that it is never seen half written, and never over another one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # another process was first: its key counts
            os.link(draft, path)
    finally:
        draft.unlink()
