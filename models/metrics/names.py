"""What metrics are called.

Belongs here: names in metrics.parquet, and which of them a charter may hold a model to.
Does not belong here: their words in reports (fairness_reports), the figures.

A name is a metric, or a metric and qualifiers in brackets: `auc`, `auc[returning]`, `recall_at_k[5%, worst]`,
`net_benefit[0.10]`, `precision_at_k[50, expected, subset north]`, `auc[within 30d]`, `auc[learning 25%]`.
"""

from __future__ import annotations

from collections.abc import Sequence

from models.metrics.top import CAPACITY, SHARES, TIES, at
from models.spec import EvaluationSpec

PLAIN = ("auc", "average_precision", "brier", "brier_skill", "mean_score", "base_rate", "calibration_in_the_large")
CALIBRATION = ("calibration_slope", "calibration_intercept", "calibration_error")
AT_CAPACITY = ("precision_at_capacity", "recall_at_capacity", "lift_at_capacity")
METRICS = (*PLAIN, *CALIBRATION, *AT_CAPACITY)
"""The metrics of every release, of all cases and again of new and returning persons."""

PERSONS = ("new", "returning")
HORIZON = ("auc", "average_precision", "base_rate", "recall_at_capacity")
"""What is measured for a further horizon."""


def qualified(name: str, *qualifiers: str) -> str:
    """A name with further qualifiers.

    >>> qualified("auc", "new"), qualified("recall_at_k[50, worst]", "subset north"), qualified("auc")
    ('auc[new]', 'recall_at_k[50, worst, subset north]', 'auc')
    """
    if not qualifiers:
        return name
    return f"{name[:-1]}, {', '.join(qualifiers)}]" if name.endswith("]") else f"{name}[{', '.join(qualifiers)}]"


def parts_of(name: str) -> tuple[str, list[str]]:
    """A name taken apart again.

    >>> parts_of("recall_at_k[50, worst]"), parts_of("auc")
    (('recall_at_k', ['50', 'worst']), ('auc', []))
    """
    metric, _, inside = name.partition("[")
    return metric, inside.rstrip("]").split(", ") if inside else []


def percent(share: float) -> str:
    """A share as a qualifier: 25%, 12.5%."""
    return f"{share * 100:.10g}%"


def threshold_name(metric: str, t: float) -> str:
    """A point of the decision curve: net_benefit[0.10], or more digits where two do not tell it."""
    return f"{metric}[{t:.2f}]" if round(t, 2) == t else f"{metric}[{t!r}]"


def known_metrics(evaluation: EvaluationSpec | None = None, horizons: Sequence[str] = ()) -> list[str]:
    """Every metric of the test that a charter may name, the plain ones first.

    Counts are left out, as they have no interval, and so are figures of development splits alone (the learning curve,
    the model without a factor).

    Parameters
    ----------
    evaluation : EvaluationSpec, optional
        The `evaluation:` section.
    horizons : sequence of str
        OutcomeSpec.also_within.
    """
    spec = evaluation or EvaluationSpec(thresholds=[])
    lists = [
        at(metric, name, tie) for name in (CAPACITY, *map(str, spec.top)) for tie in ("", *TIES) for metric in SHARES
    ]
    names = [*METRICS, *(name for name in lists if name not in METRICS)]
    curve = [threshold_name(metric, t) for t in spec.thresholds for metric in ("net_benefit", "net_benefit_all")]
    persons = [qualified(name, kind) for kind in PERSONS for name in METRICS]
    subsets = [qualified(name, f"subset {subset.name}") for subset in spec.subsets for name in names]
    within = [qualified(name, f"within {horizon}") for horizon in horizons for name in HORIZON]
    return [*names, *curve, *persons, *within, *subsets]
