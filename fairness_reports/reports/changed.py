"""What the overview says of other programmes, and of the release before this one.

Belongs here: the table of programmes; verdict, model, charter, data, agreed figures and strongest factors then and now.
Does not belong here: which release was the one before (pipelines), what is told again (again), drift alarms
(fairness.course), reading (standing).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from fairness_reports.language import Language
from fairness_reports.reports.context import ReportContext, rows_of
from fairness_reports.reports.figures import (
    attribute_label,
    factor_words,
    figure_cell,
    group_label,
    interval,
    is_overall,
    known,
    metric_difference,
    metric_label,
)
from fairness_reports.reports.layout import Block, Bullets, Cell, Fold, Para, Section, Table
from fairness_reports.reports.standing import Before, ProgrammeLine

TOP = 5
"""So many factors count as the strongest."""
_STATES = ("within", "outside", "cannot_tell")


def told_again(language: Language, context: ReportContext) -> list[Block]:
    """That figures stand as an earlier release told them; not which: that alone could point at a person."""
    return [Para(language.t("again.intro"))] if context.manifest.get("told_again") else []


def programmes_section(language: Language, context: ReportContext) -> Section:
    """All programmes of the home as they stood, this one marked."""
    t = language.t
    table = programmes_table(language, context.programmes, own=context.programme)
    return Section(t("changed.programmes_title"), [Para(t("changed.programmes_intro")), table])


def programmes_table(language: Language, lines: Sequence[ProgrammeLine], own: str = "", root: str = "") -> Table:
    """Programmes with verdict and day.

    Parameters
    ----------
    language : Language
        Of the words.
    lines : sequence of ProgrammeLine
        The programmes.
    own : str
        The one that the page is about.
    root : str
        Where the folder `releases` is, seen from the page; with it, titles link to the release's pages.
    """
    t, rows = language.t, []
    for line in lines:
        notes = [str(t("changed.this_one"))] if line.programme == own else []
        notes += [str(t("site.simulated_title"))] if line.simulated else []
        linked = bool(root and line.headline)
        pages = f"{root}/releases/{line.programme}/{line.release_id}/open/reports/{{}}/index.html"
        title = Cell(language.text(dict(line.title)), " · ".join(notes), "strong" if line.programme == own else "",
                     pages.format(language.code) if linked else "")  # fmt: skip
        told = language.text(dict(line.headline)) if line.headline else str(t("changed.no_release"))
        mark = str(t("changed.stale", day=language.date(line.stale_on))) if line.stale_on else ""
        row: list[Cell | str] = [title, Cell(told, mark), language.date(line.as_of)]
        if root:
            other = Cell(t("site.other_pages"), href=pages.format(language.other), lang=language.other)
            row.append(other if linked else "–")
        rows.append(row)
    head = [t("changed.programme"), t("verdict.label"), t("changed.as_of")]
    return Table(t("changed.programmes_title"), [*head, t("changed.other_language")] if root else head, rows)


def changed_section(language: Language, context: ReportContext) -> Section:
    """What changed since the last release."""
    t, before = language.t, context.before
    if before is None:
        # a day that is run again has earlier releases of its own, even where no earlier day has one
        return Section(t("changed.title"), [Para(t("changed.first")), *told_again(language, context)])
    day = language.date(str(before.manifest["as_of"]))
    blocks: list[Block] = [Para(t("changed.intro", day=day, id=before.manifest["release_id"]))]
    same = _training(before.manifest) == _training(context.manifest)
    blocks += [Bullets(_told(language, context, before, same)), _overview(language, context, before)]
    if context.model is not None and (before.manifest.get("audited_model") or {}) and not same:
        blocks += [*_thresholds(language, context, before), *_gaps(language, context, before)]
    return Section(t("changed.title"), [*blocks, *told_again(language, context)])


def _training(manifest: Any) -> str:
    return str((manifest.get("training") or {}).get("training_id") or "")


def _told(language: Language, context: ReportContext, before: Before, same: bool) -> list[str]:
    """Sentences: verdict, model, charter, factors."""
    t = language.t
    told: list[str]
    was, now = before.manifest.get("verdict"), context.verdict
    told = [t("changed.verdict_same" if was == now else "changed.verdict_other")]
    had, has = (bool(manifest.get("audited_model")) for manifest in (before.manifest, context.manifest))
    if has:
        kind = ("same" if same else "new") if had else "first"
        told.append(t(f"changed.model_{kind}"))
    elif had:
        told.append(t("changed.model_none"))
    charter = before.manifest.get("charter_hash") == context.manifest.get("charter_hash")
    told.append(t("changed.charter_same" if charter else "changed.charter_other"))
    told += _factors(language, context, before)
    return told


def _factors(language: Language, context: ReportContext, before: Before) -> list[str]:
    """Which factors are new among the strongest, and which no longer are."""
    t, then, now = language.t, strongest(before.factors), strongest(context.factors)
    if not then or not now:
        return []
    come, gone = [each for each in now if each not in then], [each for each in then if each not in now]
    if not come and not gone:
        return [t("changed.factors_same", n=len(now))]
    names = [language.listing([factor_words(language, context, each) for each in part]) for part in (come, gone)]
    told = [t("changed.factors_new", names=names[0], n=len(now))] if come else []
    return [*told, *([t("changed.factors_gone", names=names[1], n=len(then))] if gone else [])]


def strongest(factors: pd.DataFrame) -> list[str]:
    """The factors with the largest mean size of contribution among all cases, the largest first."""
    if factors.empty:
        return []
    rows = factors[factors["attribute"].map(is_overall) & factors["importance"].map(known)]
    rows = rows[rows["importance"] > 0].sort_values(["importance", "factor"], ascending=[False, True])
    return [str(name) for name in rows["factor"].head(TOP)]


def _overview(language: Language, context: ReportContext, before: Before) -> Table:
    """Verdict, day, training and delivered rows, then and now."""
    t, rows = language.t, []
    lines = {line.programme: line for line in context.programmes}
    own = context.manifest.get("headline") or getattr(lines.get(context.programme), "headline", None)
    verdicts = [language.text(each) if each else "–" for each in (before.manifest.get("headline"), own)]
    rows.append([str(t("verdict.label")), *verdicts])
    days = [str(before.manifest["as_of"]), None if context.as_of is None else context.as_of.isoformat()]
    rows.append([str(t("changed.as_of")), *(language.date(day) for day in days)])
    trained = [
        (manifest.get("training") or {}).get("trained_as_of") for manifest in (before.manifest, context.manifest)
    ]
    rows.append([str(t("changed.trained")), *(language.date(day) for day in trained)])
    rows.append([str(t("changed.rows")), *(_about(language, each) for each in (before.quality, context.quality))])
    return Table(t("changed.title"), [t("changed.what"), t("changed.then"), t("changed.now")], rows)


def _about(language: Language, quality: pd.DataFrame) -> str:
    """How many rows were accepted, to three digits: more would invite to subtract."""
    if quality.empty:
        return "–"
    values = quality.loc[quality["rule"] == "rows: accepted", "value"].dropna()
    if values.empty:
        return "–"
    total = int(values.sum())
    step = 10 ** max(1, len(str(total)) - 3)
    return str(language.t("form.about", value=language.number(round(total / step) * step)))


def _thresholds(language: Language, context: ReportContext, before: Before) -> list[Block]:
    """Figures that the charter sets a threshold on, then and now."""
    t = language.t
    named = dict.fromkeys(each.metric for each in context.charter.performance) if context.charter is not None else {}
    model = before.manifest["audited_model"]
    frame = before.metrics
    frame = frame[(frame["split"] == model.get("split")) & (frame["model"] == model.get("name"))]
    then = {str(row.metric): row for row in rows_of(frame)}
    now = context.test_metrics()
    rows = [
        [
            metric_label(language, name),
            *(figure_cell(language, name, of[name]) if name in of else "–" for of in (then, now)),
        ]
        for name in named
    ]
    head = [t("index.metric"), t("changed.then"), t("changed.now")]
    return [Table(t("changed.thresholds"), head, rows, numbers_from=1)] if rows else []


def _judged(frame: pd.DataFrame) -> dict[tuple[str, ...], Any]:
    """Gaps that the charter judges, by what they are about."""
    if frame.empty:
        return {}
    rows = frame[frame["confirmatory"].fillna(False).astype(bool) & (frame["comparison"] == "difference")]
    rows = rows.sort_values(["metric", "attribute", "group"], kind="stable")
    return {(str(row.metric), str(row.attribute), str(row.group)): row for row in rows_of(rows)}


def _gaps(language: Language, context: ReportContext, before: Before) -> list[Block]:
    """How many judged gaps held, then and now; which of them changed sides; all of them to open."""
    t, then, now = language.t, _judged(before.fairness), _judged(context.test_fairness())
    if not then or not now:
        return []
    counts = [
        {f"{key}_{when}": language.number(sum(row.state == key for row in part.values())) for key in _STATES}
        for when, part in (("then", then), ("now", now))
    ]
    blocks: list[Block] = [Para(t("changed.gaps", **counts[0], **counts[1]))]
    keys = sorted({*then, *now})
    rows = [
        [_gap_name(language, context, key), _gap(language, then.get(key)), _gap(language, now.get(key))] for key in keys
    ]
    turned = [row for key, row in zip(keys, rows, strict=True) if _state(then.get(key)) != _state(now.get(key))]
    head = [t("changed.gap"), t("changed.then"), t("changed.now")]
    if turned:
        blocks.append(Table(t("changed.gaps_turned"), head, turned))
    else:
        blocks.append(Para(t("changed.gaps_none")))
    return [*blocks, Fold(t("changed.gaps_all", n=len(rows)), [Table(t("changed.gaps_title"), head, rows)])]


def _state(row: Any) -> str:
    return "" if row is None else str(row.state)


def _gap_name(language: Language, context: ReportContext, key: tuple[str, ...]) -> Cell:
    metric, attribute, group = key
    about = f"{attribute_label(language, context, attribute)}, {metric_label(language, metric)}"
    return Cell(group_label(language, context, attribute, group), about)


def _gap(language: Language, row: Any) -> Cell:
    if row is None:
        return Cell(language.t("changed.gap_absent"), look="missing")
    figure = ""
    if known(row.value):
        spread = interval(language, str(row.metric), row.low, row.high, difference=True)
        figure = f"{metric_difference(language, str(row.metric), row.value)} ({spread or '–'})"
    return Cell(language.word("state", str(row.state)), figure, f"state {row.state}")
