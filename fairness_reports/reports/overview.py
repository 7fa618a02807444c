"""The index page: verdict, what was predicted, what a score means, how well the model did, cohorts.

Belongs here: which figures and sentences stand on that page; the tables of metrics that the model card shares.
Does not belong here: the words themselves (catalogue), drawing (charts), layout (templates).
"""

from __future__ import annotations

from typing import Any

from fairness_reports.language import Language
from fairness_reports.reports.bands import band_rows, band_sentence, is_told, of_100
from fairness_reports.reports.changed import changed_section, programmes_section
from fairness_reports.reports.charts import Point, intervals
from fairness_reports.reports.context import ReportContext
from fairness_reports.reports.figures import (
    cases_word,
    count,
    figure_cell,
    in_order,
    interval,
    known,
    metric_label,
    metric_value,
    model_label,
)
from fairness_reports.reports.layout import (
    Block,
    Bullets,
    Cell,
    Links,
    Numbers,
    Page,
    Para,
    Picture,
    Pictures,
    Section,
    Table,
)
from fairness_reports.reports.spans import ends, scored_day, tested_days
from fairness_reports.reports.splits_page import trend

_SHOWN = (
    "auc", "average_precision", "brier", "brier_skill", "calibration_in_the_large", "calibration_slope",
    "precision_at_capacity", "recall_at_capacity", "lift_at_capacity",
)  # fmt: skip
_COMPARED = ("auc", "average_precision", "brier", "precision_at_capacity", "recall_at_capacity")
_NEAR = 0.0006  # the audit names bands to three decimals


def index_page(language: Language, context: ReportContext) -> Page:
    """The overview of a release."""
    t = language.t
    sections = [changed_section(language, context), _outcome(language, context), _numbers(language, context)]
    if context.model is not None:
        bands = band_rows(context.test_fairness())
        if bands:
            sections.append(_bands(language, context, bands))
        sections += performance(language, context)
    elif (shown := trend(language, context)) is not None:
        sections.append(Section(t("index.trend_title"), [Pictures([shown])]))
    if context.programmes:
        sections.append(programmes_section(language, context))
    links = [(f"{name}.html", str(t(f"page.{name}")), str(t(f"about_page.{name}"))) for name in PAGES[1:]]
    sections.append(Section(t("index.read_on"), [Links(links)]))
    return Page("index", sections)


PAGES = ("index", "fairness", "explanations", "models", "splits", "model_card", "quality", "transparency")


def verdict_headline(language: Language, context: ReportContext) -> str:
    """The verdict in the words that are agreed for it; never a bare "fit"."""
    t, verdict, charter = language.t, context.verdict, context.charter
    if verdict is None:
        return t("verdict.checked")
    if verdict in ("fit", "not_fit"):
        if charter is None or charter.sign_off.date is None:
            return t(f"verdict.{verdict}_unsigned")
        return t(f"verdict.{verdict}", owner=language.text(charter.owner), date=language.date(charter.sign_off.date))
    return t(f"verdict.{verdict}")


def reasons(language: Language, context: ReportContext) -> list[str]:
    """The reasons of the verdict in this language."""
    return [language.text(reason["text"]) for reason in context.manifest.get("reasons") or []]


def met(language: Language, context: ReportContext, *, accepted: bool = False) -> list[str]:
    """What held, in this language; or what could not be told and the charter accepted beforehand."""
    reasons = context.manifest.get("met") or []
    return [language.text(each["text"]) for each in reasons if (each["code"] == "gap_accepted") is accepted]


def _outcome(language: Language, context: ReportContext) -> Section:
    t, words = language.t, context.words
    blocks: list[Block] = [
        Para(t("index.outcome", outcome=language.text(words.outcome))),
        Para(t("index.outcome_counts", cases=cases_word(language, context))),
    ]
    if context.description is not None:
        blocks.insert(0, Para(language.text(context.description), "lead"))
    return Section(t("index.outcome_title"), blocks)


def _numbers(language: Language, context: ReportContext) -> Section:
    t, cases = language.t, cases_word(language, context)
    cards: list[tuple[str, str]] = []
    if context.scored is not None:
        said = t("index.scored", cases=cases)
        if (day := scored_day(context)) not in (None, context.as_of):
            said = t("index.scored_of", cases=cases, date=language.date(day))
        cards.append((count(language, context, context.scored), said))
    rate = context.test_metrics().get("base_rate")
    if rate is not None:
        cards.append((count(language, context, rate.n), t("index.tested", cases=cases)))
        if known(rate.value):
            cards.append((language.percent(rate.value, 1), t("index.base_rate")))
    blocks: list[Block] = [Numbers(cards)] if cards else []
    if context.scored is None:
        blocks.append(Para(t("index.not_scored"), "note"))
    return Section(t("index.numbers_title"), blocks)


def band_label(language: Language, context: ReportContext, low: float, high: float) -> str:
    """What the programme calls a band; its scores where it has no name for it."""
    start = 0.0
    for band in context.bands:
        if abs(start - low) < _NEAR and abs(band.up_to - high) < _NEAR:
            if band.label is not None:
                return language.text(band.label)
            return language.text(context.words.bands.get(band.name, band.name))
        start = band.up_to
    return str(language.t("form.interval", low=language.percent(low), high=language.percent(high)))


def _bands(language: Language, context: ReportContext, bands: list[tuple[float, float, Any]]) -> Section:
    t, cases = language.t, cases_word(language, context)
    rows: list[list[Cell | str]] = []
    points, sentences = [], []
    for start, end, row in bands:
        label = band_label(language, context, start, end)
        scores = t("form.interval", low=language.percent(start), high=language.percent(end))
        n = count(language, context, row.n, row.reason)
        if not is_told(row, context.minimum_cell):
            rows.append([label, scores, n, Cell(t("form.too_few"), look="missing")])
            continue
        sentence = band_sentence(language, context.words, row)
        share = Cell(language.percent(row.value, 1), interval(language, "base_rate", row.low, row.high))
        sentences.append(t("index.band_line", band=label, scores=scores, sentence=sentence))
        rows.append([label, scores, n, share])
        points.append(Point(label, row.value, _or_none(row.low), _or_none(row.high), note=language.percent(row.value)))
    head = [t(f"index.band{key}") for key in ("", "_scores", "_cases", "_share")]
    table = Table(t("chart.bands_title"), head, rows, numbers_from=1)
    blocks: list[Block] = [Para(t("index.bands_intro", cases=cases))]
    blocks += [Para(sentence, "sentence") for sentence in sentences]
    if points:
        chart = intervals(
            points,
            identity="bands",
            title=t("chart.bands_title"),
            description=t("chart.bands_desc", n=len(points)),
            axis=t("index.bands_axis"),
            tick=language.percent,
            limits=(0.0, min(1.0, max(p.high or p.value for p in points) * 1.1 + 0.01)),
        )
        blocks.append(Pictures([Picture(chart, table)]))
    return Section(t("index.bands_title"), blocks)


def _or_none(value: Any) -> float | None:
    return float(value) if known(value) else None


def performance(language: Language, context: ReportContext) -> list[Section]:
    """How well the model did: sentences, all measures with intervals and thresholds, simpler models beside it."""
    t, cases, metrics = language.t, cases_word(language, context), context.test_metrics()
    days = tested_days(context, context.test)
    if len(days) > 1:
        about = t("index.performance_many", **ends(language, days))
    else:
        about = t("index.performance_intro", cohort=language.period(context.test))
    blocks: list[Block] = [Para(about)]
    sentences = []
    for key, name in (("auc", "auc"), ("precision", "precision_at_capacity"), ("recall", "recall_at_capacity")):
        row = metrics.get(name)
        if row is not None and known(row.value) and known(row.low) and known(row.high):
            shares = {"value": of_100(row.value), "low": of_100(row.low), "high": of_100(row.high)}
            sentences.append(t(f"index.{key}_sentence", cases=cases, **shares))
    mean, rate = metrics.get("mean_score"), metrics.get("base_rate")
    if mean is not None and rate is not None and known(mean.value) and known(rate.value):
        values = {"mean": language.percent(mean.value, 1), "rate": language.percent(rate.value, 1)}
        sentences.append(t("index.calibration_sentence", **values))
    blocks += [Bullets(sentences)] if sentences else []
    blocks.append(metrics_table(language, context))
    sections = [Section(t("index.performance_title"), blocks)]
    compared = _models_table(language, context)
    if compared is not None:
        sections.append(Section(t("index.models_title"), [Para(t("index.models_intro")), compared], level=3))
    return sections


def metrics_table(language: Language, context: ReportContext) -> Table:
    """All measures of the audited model in the test, with the agreed thresholds."""
    t, metrics = language.t, context.test_metrics()
    bounds = thresholds(language, context)
    names = [name for name in (*_SHOWN, *sorted(set(bounds) - set(_SHOWN))) if name in metrics]
    rows = []
    for name in names:
        row = metrics[name]
        value = metric_value(language, name, row.value) if known(row.value) else t("form.too_few")
        spread = interval(language, name, row.low, row.high) or "–"
        rows.append(
            [metric_label(language, name), value, spread, bounds.get(name, "–"), count(language, context, row.n)]
        )
    head = [t(f"index.{key}") for key in ("metric", "value", "interval", "threshold", "cases")]
    return Table(t("index.performance_title"), head, rows, numbers_from=1)


def thresholds(language: Language, context: ReportContext) -> dict[str, str]:
    """The thresholds on performance in words, by metric."""
    result: dict[str, str] = {}
    for each in context.charter.performance if context.charter is not None else []:
        key = "at_least" if each.at_least is not None else "at_most"
        limit = metric_value(language, each.metric, each.limit).removeprefix("+")
        told = str(language.t(f"index.{key}", value=limit))
        result[each.metric] = f"{result[each.metric]}; {told}" if each.metric in result else told
    return result


def _models_table(language: Language, context: ReportContext) -> Table | None:
    frame = context.metrics[context.metrics["split"] == context.test]
    models = in_order(context, frame["model"])
    if len(models) < 2:
        return None
    t = language.t
    rows = []
    for model in models:
        metrics = context.test_metrics(model)
        cells: list[Cell | str] = [Cell(model_label(language, model), look="strong" if model == context.model else "")]
        rows.append([*cells, *(figure_cell(language, m, metrics[m]) if m in metrics else "–" for m in _COMPARED)])
    head = [t("index.model"), *(metric_label(language, name) for name in _COMPARED)]
    return Table(t("index.models_title"), head, rows, numbers_from=1)
