"""Lists of the highest scores with their ties, parts of the population, further horizons: tables of the sealed test.

Belongs here: which rows of metrics.parquet make these tables.
Does not belong here: the figures (models.metrics), curves (tested_curves).
"""

from __future__ import annotations

from fairness_reports.language import Language
from fairness_reports.reports.context import ReportContext
from fairness_reports.reports.figures import count, figure_cell, known, metric_label, metric_value
from fairness_reports.reports.layout import Block, Cell, Para, Section, Table
from models.metrics import parts_of, qualified
from models.metrics.names import HORIZON
from models.metrics.top import CAPACITY, SHARES, TIES, at

_IN_SUBSETS = ("base_rate", "auc", "precision_at_capacity", "recall_at_capacity")


def lists_section(language: Language, context: ReportContext) -> Section | str:
    """Precision, recall and lift at the capacity and at each k, with what ties leave open."""
    t, metrics = language.t, context.test_metrics()
    lists = [CAPACITY] if at("precision", CAPACITY) in metrics else []
    for name in metrics:
        metric, qualifiers = parts_of(name)
        if metric == "precision_at_k" and len(qualifiers) == 1:
            lists.append(qualifiers[0])
    if not lists:
        return t("tested.absent_lists")
    rows: list[list[Cell | str]] = []
    tied = False
    for each in lists:
        for share in SHARES:
            name = at(share, each)
            if name not in metrics:
                continue
            ties = [metrics.get(at(share, each, tie)) for tie in TIES]
            values = [float(row.value) for row in ties if row is not None and known(row.value)]
            told = [
                metric_value(language, name, row.value) if row is not None and known(row.value) else "–" for row in ties
            ]
            tied = tied or (bool(values) and max(values) - min(values) > 1e-12)
            rows.append([metric_label(language, name), figure_cell(language, name, metrics[name]), *told])
        unknown = metrics.get(at("unknown", each))
        if unknown is not None:
            # the audit tells it when it is 0 or no small number
            value = language.number(unknown.value) if known(unknown.value) else count(language, context, None)
            rows.append([metric_label(language, at("unknown", each)), value, "–", "–", "–"])
    head = [t("index.metric"), t("index.value"), *(t(f"tested.{tie}") for tie in TIES)]
    blocks: list[Block] = [Para(t("tested.lists_intro"))]
    if not tied:
        blocks.append(Para(t("tested.lists_no_ties"), "note"))
    blocks.append(Table(t("tested.lists_title"), head, rows, numbers_from=1))
    if len(lists) == 1 and lists[0] == CAPACITY:
        blocks.append(Para(t("tested.lists_capacity_only"), "small"))
    return Section(t("tested.lists_title"), blocks, part="test")


def _qualifiers(context: ReportContext, kind: str) -> list[str]:
    """Values of a qualifier that the test's figures have, such as the names of subsets."""
    found: list[str] = []
    for name in context.test_metrics():
        for each in parts_of(name)[1]:
            first, _, rest = each.partition(" ")
            if first == kind and rest not in found:
                found.append(rest)
    return found


def subsets_section(language: Language, context: ReportContext) -> Section | str:
    """Parts of the population, each as if it were all."""
    t, names = language.t, _qualifiers(context, "subset")
    if not names:
        return t("tested.absent_subsets")
    table = _by_qualifier(language, context, "subset", names, t("tested.subsets_title"), _IN_SUBSETS)
    blocks: list[Block] = [Para(t("tested.subsets_intro")), table]
    return Section(t("tested.subsets_title"), blocks, part="test")


def horizons_section(language: Language, context: ReportContext) -> Section | str:
    """The same scores held against outcomes of further windows."""
    t, names = language.t, _qualifiers(context, "within")
    if not names:
        return t("tested.absent_horizons")
    table = _by_qualifier(language, context, "within", names, t("tested.horizons_title"), HORIZON)
    return Section(t("tested.horizons_title"), [Para(t("tested.horizons_intro")), table], part="test")


def _by_qualifier(
    language: Language, context: ReportContext, kind: str, names: list[str], caption: str, shown: tuple[str, ...]
) -> Table:
    """A row for everybody and one per qualifier, a column per metric."""
    t, metrics = language.t, context.test_metrics()
    rows: list[list[Cell | str]] = []
    for name in [None, *names]:
        keys = {metric: metric if name is None else qualified(metric, f"{kind} {name}") for metric in shown}
        found = {metric: metrics.get(key) for metric, key in keys.items()}
        if name is None:
            heading = str(t("tested.all" if kind == "subset" else "tested.main_horizon"))
        elif kind == "subset":
            heading = name
        else:
            heading = metric_label(language, f"auc[within {name}]").partition(", ")[2]
        first = next((row for row in found.values() if row is not None), None)
        cells = [figure_cell(language, metric, row) if row is not None else "–" for metric, row in found.items()]
        rows.append([heading, count(language, context, first.n if first is not None else None), *cells])
    head = [t(f"tested.{kind}"), t("index.cases"), *(metric_label(language, metric) for metric in shown)]
    return Table(caption, head, rows, numbers_from=1)
