"""How good a score is.

Belongs here: figures of one set of scored rows with their intervals, and the table of them.
Does not belong here: figures by protected group (fairness_reports) or the thresholds that they are held against.
"""

from models.metrics.calibration import calibration_line
from models.metrics.figures import COLUMNS, LEVEL, Scored, Select, evaluate, figures, table_of
from models.metrics.names import AT_CAPACITY, METRICS, known_metrics, parts_of, percent, qualified
from models.metrics.resampling import REPLICATES, draws
from models.metrics.table import metric_rows
from models.metrics.top import highest

__all__ = [
    "AT_CAPACITY",
    "COLUMNS",
    "LEVEL",
    "METRICS",
    "REPLICATES",
    "Scored",
    "Select",
    "calibration_line",
    "draws",
    "evaluate",
    "figures",
    "highest",
    "known_metrics",
    "metric_rows",
    "parts_of",
    "percent",
    "qualified",
    "table_of",
]
