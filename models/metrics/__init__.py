"""How good a score is.

Belongs here: figures of one set of scored rows with their intervals, and the table of them.
Does not belong here: figures by protected group (fairness_reports) or the thresholds that they are held against.
"""

from models.metrics.figures import (
    AT_CAPACITY,
    COLUMNS,
    LEVEL,
    METRICS,
    REPLICATES,
    Scored,
    Select,
    blocks,
    calibration_line,
    evaluate,
    figures,
)
from models.metrics.table import metric_rows

__all__ = [
    "AT_CAPACITY",
    "COLUMNS",
    "LEVEL",
    "METRICS",
    "REPLICATES",
    "Scored",
    "Select",
    "blocks",
    "calibration_line",
    "evaluate",
    "figures",
    "metric_rows",
]
