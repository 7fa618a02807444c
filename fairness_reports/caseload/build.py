"""From a release's restricted rows to a team's list, as plain values.

Belongs here: who is on the list and in which order, what is known of each case, the list's id and expiry.
Does not belong here: sentences (words), files (writing), finding the release (pipelines.caseload).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data_contracts.errors import PlumblineError
from fairness_reports.caseload.slots import Slots, assign_slots, slot_counts
from fairness_reports.charter.uses import Caseload
from fairness_reports.reports.bands import band_of_score, is_told
from fairness_reports.reports.context import rows_of

FACTORS = 3
"""So many factors of each direction are shown."""


@dataclass(frozen=True)
class Factor:
    """A factor of one case, without its value.

    Attributes
    ----------
    name : str
        Its key in words.yaml.
    state : {"", "unrecorded", "none"}
        Whether nothing is recorded behind it, or something is counted and there is none of it: else a reader would take
        “missed appointments” for some where there are none.
    """

    name: str
    state: str


@dataclass(frozen=True)
class Listed:
    """One case of a list.

    Attributes
    ----------
    case_id : str
        Its pseudonym.
    as_of : date
        The day that its score speaks of.
    band : str
        Name of its band.
    informative : bool
    reason : str or None
        Why its score is not informative, a code of models.informative.
    slot : {"score", "drawn", "none"}
    border : bool
        Whether it is in the border zone.
    raises, lowers : tuple of Factor
        The strongest factors of each direction. Empty where the score is not informative: reasons for a score that says
        nothing would say something.
    view : str
        What the worker thought before; empty where nobody was asked.
    """

    case_id: str
    as_of: dt.date
    band: str
    informative: bool
    reason: str | None
    slot: str
    border: bool
    raises: tuple[Factor, ...]
    lowers: tuple[Factor, ...]
    view: str = ""


@dataclass(frozen=True)
class TeamList:
    """A team's list.

    Attributes
    ----------
    programme, release_id, team, list_id : str
    as_of, made_on, expires_on : date
        The newest day that a score speaks of; the day of making; the first day on which it must not be used any more.
    cases : tuple of Listed
        By band from the highest to the lowest; inside a band by a hash that means nothing.
    bands : mapping of str to row or None
        Bands from the highest to the lowest, with the row of fairness.parquet that says what became of past cases;
        None where that may not be told.
    counts : tuple of int
        Slots by score and by lot, as the charter gives them.
    slots : Slots
        How they were given.
    """

    programme: str
    release_id: str
    team: str
    list_id: str
    as_of: dt.date
    made_on: dt.date
    expires_on: dt.date
    cases: tuple[Listed, ...]
    bands: Mapping[str, Any]
    counts: tuple[int, int]
    slots: Slots

    @property
    def draw_checksum(self) -> str:
        """SHA-256 of the drawn case ids, sorted, a line each: who repeats the draw can compare."""
        drawn = sorted(case.case_id for case in self.cases if case.slot == "drawn")
        return hashlib.sha256("\n".join(drawn).encode()).hexdigest()


def list_id_of(release_id: str, team: str, made_on: dt.date) -> str:
    """The id of a list: the same release, team and day give the same one."""
    told = "\n".join(("list", release_id, team, made_on.isoformat()))
    return f"{made_on:%Y%m%d}-{hashlib.sha256(told.encode()).hexdigest()[:10]}"


def build_list(
    scores: pd.DataFrame,
    explanations: pd.DataFrame,
    fairness: pd.DataFrame,
    bands: Sequence[tuple[str, float]],
    use: Caseload,
    *,
    capacity: float,
    minimum_cell: int,
    programme: str,
    release_id: str,
    team: str,
    made_on: dt.date,
    counted: Collection[str] = (),
    views: Mapping[str, str] | None = None,
) -> TeamList:
    """All open cases of a team, each with what the release says of it.

    Parameters
    ----------
    scores, explanations : DataFrame
        The release's tables, of all teams or of this one. Of a case with scores of several days the newest counts.
    fairness : DataFrame
        The rows of fairness.parquet of the test.
    bands : sequence of (str, float)
        Name and upper end of each band, rising.
    use : Caseload
        The charter's section.
    capacity : float
        The charter's capacity, a share.
    minimum_cell : int
        Bands with fewer past cases are not told.
    programme, release_id, team : str
    made_on : date
        The day of the list.
    counted : collection of str
        Columns of which 0 means that there is none.
    views : mapping of case id to code, optional
        What workers thought before the score was shown.

    Returns
    -------
    TeamList

    Raises
    ------
    PlumblineError
        When the team has no case, or the charter's figures are missing.
    """
    mine = scores[scores["team"] == team].sort_values(["case_id", "as_of"])
    mine = mine.drop_duplicates("case_id", keep="last", ignore_index=True)
    if mine.empty or use.drawn_at_random is None or use.expires_after_days is None:
        raise PlumblineError("there is no case of this team, or the charter's figures are not filled in.")
    case_ids = [str(each) for each in mine["case_id"]]
    informative = mine["informative"].to_numpy(dtype=np.bool_)
    counts = slot_counts(len(mine), capacity, use.drawn_at_random)
    score, low, high = (mine[name].to_numpy(dtype=np.float64) for name in ("score", "low", "high"))
    slots = assign_slots(case_ids, score, low, high, informative, _others(mine), counts, release_id, team)
    list_id = list_id_of(release_id, team, made_on)
    behind = _strongest(explanations.merge(mine[["case_id", "as_of"]], on=["case_id", "as_of"]), counted)
    cases = []
    for place, row in enumerate(rows_of(mine)):
        case_id, told, day = str(row.case_id), bool(row.informative), pd.Timestamp(row.as_of).date()
        slot = "score" if slots.by_score[place] else "drawn" if slots.drawn[place] else "none"
        raises, lowers = behind.get(case_id, ((), ())) if told else ((), ())
        view = (views or {}).get(case_id, "")
        reason = None if told or pd.isna(row.reason) else str(row.reason)
        cases.append(
            Listed(case_id, day, str(row.band), told, reason, slot, bool(slots.border[place]), raises, lowers, view)
        )
    names = [name for name, _ in reversed(bands)]
    position = {name: number for number, name in enumerate(names)}
    cases.sort(key=lambda case: (position.get(case.band, len(names)), _shuffled(list_id, case.case_id)))
    return TeamList(
        programme,
        release_id,
        team,
        list_id,
        max(case.as_of for case in cases),
        made_on,
        made_on + dt.timedelta(days=use.expires_after_days),
        tuple(cases),
        dict(reversed(list(_past(fairness, bands, minimum_cell).items()))),
        counts,
        slots,
    )


def _others(mine: pd.DataFrame) -> NDArray[np.float64] | None:
    """Scores by models that are as good, cases x models; None in releases that do not have them."""
    if "others" not in mine.columns or mine["others"].isna().any():
        return None
    return np.stack([np.asarray(each, dtype=np.float64) for each in mine["others"]])


def _strongest(
    explanations: pd.DataFrame, counted: Collection[str]
) -> dict[str, tuple[tuple[Factor, ...], tuple[Factor, ...]]]:
    """By case: the strongest factors that raise and that lower."""
    found: dict[str, tuple[list[Factor], list[Factor]]] = {}
    for row in rows_of(explanations.sort_values(["case_id", "rank"])):
        if not row.contribution:
            continue
        sides = found.setdefault(str(row.case_id), ([], []))
        side = sides[0 if row.contribution > 0 else 1]
        if len(side) < FACTORS:
            none = getattr(row, "feature", None) in counted and row.value == "0"
            side.append(
                Factor(str(row.factor), "unrecorded" if not int(row.evidence_count) else "none" if none else "")
            )
    return {case_id: (tuple(raises), tuple(lowers)) for case_id, (raises, lowers) in found.items()}


def _past(fairness: pd.DataFrame, bands: Sequence[tuple[str, float]], minimum_cell: int) -> dict[str, Any]:
    """What became of past cases in each band, rising; None where it may not be told."""
    found: dict[str, Any] = {}
    below = 0.0
    for name, up_to in bands:
        row = band_of_score(fairness, (below + up_to) / 2)
        found[name] = row if row is not None and is_told(row, minimum_cell) else None
        below = up_to
    return found


def _shuffled(list_id: str, case_id: str) -> str:
    return hashlib.sha256(f"order\n{list_id}\n{case_id}".encode()).hexdigest()
