"""Which model a run scores with, and when the sealed test may be opened.

Belongs here: the decision, and how openings are counted, from plain records.
Does not belong here: keeping these records (pipelines.trainings) or fitting anything (models.backtest, models.deploy).

A test that is looked at whenever a model is fitted is no test: with every look the best of several figures becomes
more flattering. So a run scores with the champion, and only a training opens the test. The charter's hash is recorded
before, each opening counts whatever became of it, and the count belongs to the charter: new thresholds begin anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from models.cohorts import months_later

FIRST: Final = "first_training"
CHARTER: Final = "charter_changed"
RECIPE: Final = "recipe_changed"
EARLIER: Final = "earlier_day"
CADENCE: Final = "cadence"
ASKED: Final = "asked"
REASONS: Final = (FIRST, CHARTER, RECIPE, EARLIER, CADENCE, ASKED)
"""Why a run trains: there was no training yet; none under this charter; none with this recipe (rows, labels,
candidates, splits); only some for later days; the charter's cadence; `--retrain`."""


@dataclass(frozen=True)
class Training:
    """One training that was completed.

    Attributes
    ----------
    training_id : str
        Names it.
    as_of : date
        The as-of date of the run that trained: nothing later was known to the model.
    charter : str
        Hash of the charter.
    recipe : str
        Hash of all that decides what the rows and the fits are.
    opening : int
        Number of its opening of the sealed test.
    """

    training_id: str
    as_of: date
    charter: str
    recipe: str
    opening: int


@dataclass(frozen=True)
class Opening:
    """One opening of the sealed test, recorded before it happened.

    Attributes
    ----------
    number : int
        1, 2, ... over all charters of a programme.
    as_of : date
        The as-of date of the run.
    charter : str
        Hash of the charter that was in force.
    """

    number: int
    as_of: date
    charter: str


@dataclass(frozen=True)
class Decision:
    """What a run does.

    Attributes
    ----------
    champion : Training or None
        The training whose deployed model scores; None when the run trains.
    reason : str or None
        One of REASONS when it trains.
    """

    champion: Training | None
    reason: str | None = None

    @property
    def trains(self) -> bool:
        """Whether the run trains, and so opens the test."""
        return self.champion is None


def decide(
    trainings: Sequence[Training],
    *,
    as_of: date,
    charter: str,
    recipe: str,
    every_months: int,
    retrain: bool = False,
) -> Decision:
    """Whether a run trains, and otherwise with which training's model it scores.

    Parameters
    ----------
    trainings : sequence of Training
        All that were completed, in any order.
    as_of : date
        The run's as-of date. What was trained for a later day is never used: it knows what was not known then.
    charter, recipe : str
        The run's own hashes.
    every_months : int
        The charter's cadence.
    retrain : bool
        Whether the run was told to.
    """
    same = [each for each in trainings if each.charter == charter and each.recipe == recipe]
    known = [each for each in same if each.as_of <= as_of]
    if not known:
        return Decision(None, _why_none(trainings, same, charter))
    newest = max(known, key=lambda each: (each.as_of, each.opening))
    if retrain:
        return Decision(None, ASKED)
    if as_of >= due_on(newest.as_of, every_months):
        return Decision(None, CADENCE)
    return Decision(newest)


def _why_none(trainings: Sequence[Training], same: Sequence[Training], charter: str) -> str:
    if not trainings:
        return FIRST
    if same:
        return EARLIER
    return RECIPE if any(each.charter == charter for each in trainings) else CHARTER


def due_on(trained_as_of: date, every_months: int) -> date:
    """The first as-of date on which a model is due to be trained again."""
    return months_later(trained_as_of, every_months)


def count_openings(openings: Sequence[Opening], training: Training, as_of: date) -> tuple[int, int]:
    """How often the sealed test had been opened, as a release for a day has to say.

    Counted are the openings up to the one of its model, and the later ones for days from the model's to the release's:
    these were trainings that failed, and what they showed may have been seen. Openings for other days, made afterwards,
    do not count here, so that a day that is scored again gives the release that it gave.

    Parameters
    ----------
    openings : sequence of Opening
        All, in any order.
    training : Training
        The one that the release rests on.
    as_of : date
        The release's as-of date.

    Returns
    -------
    tuple of int
        Openings under the training's charter, and under others.
    """
    until = max([training.opening, *(each.number for each in openings if training.as_of <= each.as_of <= as_of)])
    counted = [each for each in openings if each.number <= until]
    under = sum(each.charter == training.charter for each in counted)
    return under, len(counted) - under


def leads(training: Training, trainings: Sequence[Training]) -> bool:
    """Whether no other training is of a later day: only then does it become the candidate or champion by name."""
    return all(each.as_of <= training.as_of for each in trainings)
