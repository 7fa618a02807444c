"""What `plumbline evaluate` says, in English and German.

Belongs here: which sentences and figures stand there.
Does not belong here: the evaluation (pipelines.evaluate), the sentences themselves (the catalogue).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from fairness_reports.language import Language, plain
from fairness_reports.reports.figures import interval, metric_value

if TYPE_CHECKING:
    from pipelines.evaluate import Evaluation
    from pipelines.packs import Pack

SHOWN: Final = (
    "base_rate",
    "mean_score",
    "auc",
    "average_precision",
    "brier",
    "brier_skill",
    "calibration_slope",
    "calibration_intercept",
    "precision_at_capacity",
    "recall_at_capacity",
    "lift_at_capacity",
)

COMPARED: Final = ("auc", "brier", "brier_skill")
"""What tells something of a model that says the same of everybody."""


def said(found: Evaluation, pack: Pack, lang: str) -> str:
    """The text for the terminal; the folder's path is to follow it."""
    language, again = Language(lang), found.again
    t = partial(_said, language)
    least = pack.charter.minimum_cell
    title = language.text(pack.programme.title)
    lines = [t("title", title=title, release=found.release.release_id, day=language.date(found.day))]
    cases, unknown = language.number(found.cases), _count(language, found.unknown, least)
    lines.append(t("cases", cohort=found.cohort, cases=cases, unknown=unknown))
    if not again.published:
        lines.append(t("withheld"))
    elif again.expired:
        lines.append(t("expired"))
    else:
        counts = {name: _count(language, getattr(again, name), least) for name in ("changed", "gone", "new")}
        compared, largest = language.number(again.compared), language.number(again.largest, 4)
        how = "changed" if again.changed else "same"
        lines.append(t(how, compared=compared, largest=largest, changed=counts["changed"]))
        if again.gone or again.new:
            lines.append(t("moved", **counts))
    for head, model, metrics in (("figures", found.model, SHOWN), ("against", "base_rate", COMPARED)):
        if head == "against" and found.model == "base_rate":
            continue
        name = plain(language.word("model", model))
        lines += ["", t(head, model=name, base=name) + ":"]
        lines += _figures(found, language, model, metrics, t("none"))
    lines += ["", t("thresholds") + ":"]
    lines += [f"  - {language.text(reason.text)}" for reason in found.reasons]
    if found.other_charter:
        lines.append(t("charter"))
    if found.ends_early is not None:
        lines.append(t("ends", day=language.date(found.ends_early)))
    if found.other_settings:
        lines.append(t("settings"))
    lines.append("")
    if again.published:
        lines.append(t("treated"))
    lines.append(t("open"))
    return "\n".join(lines)


def _figures(found: Evaluation, language: Language, model: str, metrics: tuple[str, ...], none: str) -> list[str]:
    rows = found.metrics[found.metrics["model"] == model].set_index("metric")
    lines = []
    for metric in metrics:
        if metric not in rows.index:
            continue
        value, low, high = map(float, rows.loc[metric, ["value", "low", "high"]].to_numpy(dtype=np.float64))
        if np.isnan(value):
            lines.append(f"  {plain(language.word('metric', metric))}: {none}")
            continue
        between = interval(language, metric, low, high)
        figure = metric_value(language, metric, value) + (f" ({between})" if between else "")
        lines.append(f"  {plain(language.word('metric', metric))}: {plain(figure)}")
    return lines


def _count(language: Language, count: int, least: int) -> str:
    """A count of cases; a small one is not told exactly."""
    return language.number(count) if count == 0 or count >= least else f"< {least}"


def _said(language: Language, key: str, **values: str) -> str:
    return language.plain(f"evaluate.{key}", **values)
