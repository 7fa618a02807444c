"""What an option is fitted on, and what all options of a comparison have in common.

Belongs here: plain containers.
Does not belong here: any fit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fairness_reports.mitigation.grouping import Labels
from models.dataset import Rows
from models.model import Model
from models.spec import CandidateSpec
from models.training import Trainer

Scorer = Callable[[pd.DataFrame, Labels], np.ndarray]
"""From features and groups of rows to their scores. Only an option that needs the attribute looks at the groups."""


@dataclass(frozen=True)
class Part:
    """Rows that one model learns from.

    Attributes
    ----------
    rows : Rows
        Fitting and calibration together.
    y : ndarray of float64
        Their labels, 1 or 0, as known on the model day.
    labels : ndarray of str
        Their groups.
    model : Model
        The chosen candidate fitted on them: the model as it is.
    """

    rows: Rows
    y: np.ndarray
    labels: Labels
    model: Model


@dataclass(frozen=True)
class Task:
    """What the options of a comparison share.

    Attributes
    ----------
    trainer : Trainer
        How candidates are fitted.
    chosen : CandidateSpec
        The chosen candidate.
    metric : str
        The charter's first fairness metric for the attribute: what is to be made equal.
    share : float
        The charter's capacity.
    minimum : int
        The minimum cell.
    proxies : tuple of str
        Columns that reveal the attribute.
    """

    trainer: Trainer
    chosen: CandidateSpec
    metric: str
    share: float
    minimum: int
    proxies: tuple[str, ...]

    def fit(self, part: Part, rows: Rows, sample_weight: np.ndarray | None = None) -> Model:
        """The chosen candidate on changed rows or weights, with the settings that tuning found for the model as it is.

        So options differ in what they are about alone, and nothing is tuned twice.
        """
        return self.trainer.fit(self.chosen.settled(part.model.fitted.notes), rows, part.y, sample_weight)
