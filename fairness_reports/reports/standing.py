"""Where the programmes of a home stand, and what an earlier release said: what pages compare with.

Belongs here: these values, read from the releases of a home.
Does not belong here: what a page says of them (changed, home), which earlier release is compared with (pipelines).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from data_contracts.errors import PlumblineError
from fairness_reports.release_read import Release, current_id, current_release, stale

_COMPARED = ("metrics", "fairness", "factors", "quality")


@dataclass(frozen=True)
class ProgrammeLine:
    """One programme of a home, as its current release says.

    Parameters
    ----------
    programme : str
        Its name.
    title : mapping of str to str
        In both languages.
    headline : mapping of str to str, optional
        The verdict in the words agreed for it, in both languages; None where there is no release that can be read.
    verdict : str, optional
        Its code.
    as_of : str, optional
        The day that the release speaks of, ISO 8601.
    release_id : str, optional
        Of the current release.
    stale_on : str, optional
        When a newer delivery was refused, ISO 8601; None when the release is up to date.
    simulated : bool
        Whether its data are invented.
    """

    programme: str
    title: Mapping[str, str]
    headline: Mapping[str, str] | None = None
    verdict: str | None = None
    as_of: str | None = None
    release_id: str | None = None
    stale_on: str | None = None
    simulated: bool = False


@dataclass(frozen=True)
class Before:
    """An earlier release: its manifest, and its open tables as they were published.

    Parameters
    ----------
    manifest : mapping
        Of that release.
    metrics, fairness, factors, quality : DataFrame
        Its tables; without rows where it has none.
    """

    manifest: Mapping[str, Any]
    metrics: pd.DataFrame = field(default_factory=pd.DataFrame)
    fairness: pd.DataFrame = field(default_factory=pd.DataFrame)
    factors: pd.DataFrame = field(default_factory=pd.DataFrame)
    quality: pd.DataFrame = field(default_factory=pd.DataFrame)


def before_of(release: Release) -> Before:
    """What an earlier release said, from the tables that it published."""
    return Before(release.manifest, **{name: release.table(name) for name in _COMPARED if release.has(name)})


def line_of(manifest: Mapping[str, Any], stale_on: str | None = None) -> ProgrammeLine:
    """A programme's line from the manifest of its release."""
    name = str(manifest["programme"])
    return ProgrammeLine(
        name,
        manifest.get("title") or _title(name),  # a release that older code made has none
        manifest.get("headline"),
        manifest.get("verdict"),
        manifest.get("as_of"),
        str(manifest["release_id"]),
        stale_on,
        bool(manifest.get("simulated")),
    )


def programme_lines(releases_dir: Path) -> list[ProgrammeLine]:
    """Every programme of a home that has a release, or whose first delivery was refused; by name.

    Parameters
    ----------
    releases_dir : Path
        The folder `releases` of the home.

    Returns
    -------
    list of ProgrammeLine
        A release that cannot be read has a line without a verdict: one broken folder hides no other programme.
    """
    lines = []
    for folder in sorted(path for path in releases_dir.glob("[!.]*") if path.is_dir()):
        name = folder.name
        try:
            mark, release = stale(releases_dir, name), current_release(releases_dir, name)
        except PlumblineError:
            lines.append(ProgrammeLine(name, _title(name)))
            continue
        on = str(mark["on"]) if mark else None
        if release is not None:
            lines.append(line_of(release.manifest, on))
        elif mark is not None and current_id(releases_dir, name) is None:
            lines.append(ProgrammeLine(name, _title(name), stale_on=on))
    return lines


def _title(name: str) -> dict[str, str]:
    return dict.fromkeys(("en", "de"), name.replace("_", " "))
