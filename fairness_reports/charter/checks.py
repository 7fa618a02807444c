"""What in a charter does not fit the rest of its pack.

Belongs here: checks against the protected attributes, the measures and the features.
Does not belong here: what a charter by itself may say (sections, uses, model).
"""

from __future__ import annotations

from collections.abc import Sequence

from data_contracts.yamldoc import nearest
from fairness_reports.charter.model import Charter
from fairness_reports.charter.placeholders import Location, is_placeholder
from fairness_reports.spec import ProtectedSpec
from features.fields import EventFeature, Feature
from features.words import Text

Problem = tuple[Location, str, str]


def check(charter: Charter, protected: ProtectedSpec, metrics: list[str] | None = None) -> list[Problem]:
    """What in the charter does not fit the rest of the pack.

    Parameters
    ----------
    charter : Charter
        The charter.
    protected : ProtectedSpec
        The programme's protected attributes.
    metrics : list of str, optional
        The metrics that metrics.parquet will have; without it their names are not checked.

    Returns
    -------
    list of (location, what, what to do)
        Locations are places in charter.yaml.
    """
    problems: list[Problem] = []
    known = protected.names()
    todo = f"Use one of: {', '.join(known)}."
    for i, each in enumerate(charter.fairness):
        if not is_placeholder(each.attribute) and each.attribute not in known:
            problems.append(
                (("fairness", i, "attribute"), f"“{each.attribute}” is not audited in programme.yaml.", todo)
            )
    judged = {(each.metric, each.attribute) for each in charter.fairness}
    for i, accepted in enumerate(charter.accepted):
        if (accepted.metric, accepted.attribute) not in judged:
            problems.append(
                (
                    ("accepted", i),
                    f"nothing judges {accepted.metric} by {accepted.attribute}, so there is nothing to accept.",
                    "Accept only gaps that `fairness` names.",
                )
            )
    for i, threshold in enumerate(charter.performance):
        if metrics is not None and not is_placeholder(threshold.metric) and threshold.metric not in metrics:
            problems.append(
                (
                    ("performance", i, "metric"),
                    f"“{threshold.metric}” is not measured.",
                    f"{nearest(threshold.metric, metrics)} Use one of: "
                    f"{', '.join(name for name in metrics if '[' not in name)}.".strip(),
                )
            )
    if charter.sign_off.date and charter.review_date and charter.review_date <= charter.sign_off.date:
        problems.append(
            (
                ("review_date",),
                "the review date is not after the sign-off.",
                "Name a day on which it is looked at again.",
            )
        )
    return problems


def check_association(
    features: Sequence[tuple[int, Feature]], reason: Text | None, *, memberships: bool, told: bool = False
) -> list[Problem]:
    """Which features take records about other people without leave, or without anything that says who these are.

    Parameters
    ----------
    features : sequence of (int, FeatureSpec)
        The programme's features, each with its place in the list.
    reason : Text or None
        `Charter.reason_by_association`.
    memberships : bool
        Whether the programme fills core.membership.
    told : bool
        Whether the charter's section is itself a mistake, which is told at its own place.

    Returns
    -------
    list of (location, what, what to do)
        Locations count from the list of features in programme.yaml.
    """
    problems: list[Problem] = []
    for i, spec in features:
        if not (isinstance(spec, EventFeature) and spec.by_association):
            continue
        if reason is None and not told:
            problems.append(
                (
                    (i, "scope"),
                    f"“{spec.name}” takes records about other people of the household, and charter.yaml gives no "
                    "reason for it (a placeholder is none).",
                    "Write why under `by_association` in charter.yaml (docs/charter.md), or use another scope.",
                )
            )
        if not memberships:
            problems.append(
                (
                    (i, "scope"),
                    f"“{spec.name}” looks at other people of the household, and nothing says who belongs to one: "
                    "`core` has no `membership`.",
                    "Map core.membership (docs/core_tables.md), or use another scope.",
                )
            )
    return problems
