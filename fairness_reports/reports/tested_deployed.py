"""What the page on the test says of the model that scores: its points, fictional cases, scores that say little.

Belongs here: these tables, and how small numbers of scores are put together.
Does not belong here: counting them (models.informative), fictional cases' scores (models.vignettes).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fairness_reports.language import Language
from fairness_reports.reports.association import about_others, tagged
from fairness_reports.reports.context import ReportContext
from fairness_reports.reports.figures import count, factor_words, interval, known, metric_label
from fairness_reports.reports.layout import FICTIONAL, Block, Cell, Fold, Links, Para, Section, Table
from models.explanation.stability import AGREEMENT, OVERLAP
from models.informative import REASONS
from models.metrics import parts_of

_PART = "deployed"


def deployed_sections(language: Language, context: ReportContext) -> tuple[list[Section], list[str]]:
    """Sections on the model that scores, and what is absent with its reason."""
    sections: list[Section] = []
    absent: list[str] = []
    for part in (_points, _vignettes, _uninformative, _stability):
        found = part(language, context)
        if isinstance(found, Section):
            sections.append(found)
        elif found:
            absent.append(found)
    return sections, absent


def _points(language: Language, context: ReportContext) -> Section | str:
    """The list that a person can add up; nothing where another kind of model scores."""
    t = language.t
    if not context.points:
        return ""
    others = about_others(context.features)
    rows: list[list[Cell | str]] = []
    for item in context.points:
        lines = [line for line in context.features if line.name == item["feature"]]
        factor = lines[0].factor if lines else str(item["feature"])
        label = language.text(lines[0].label) if lines and lines[0].label else factor_words(language, context, factor)
        heading = Cell(tagged(language, label, others.get(factor)), str(item["feature"]))
        rows.append([heading, _statement(language, item), language.signed(item["points"], 0)])
    head = [t(f"tested.points_{key}") for key in ("figure", "when", "points")]
    blocks: list[Block] = [
        Para(t("tested.points_intro")),
        Table(t("tested.points_title"), head, rows, numbers_from=2),
    ]
    if context.points_scores:
        totals: list[list[Cell | str]] = [
            [
                language.number(each["total"]),
                language.percent(each["score"], 1),
                interval(language, "mean_score", each["low"], each["high"]) or "–",
            ]
            for each in context.points_scores
        ]
        head = [t("tested.points_total"), t("tested.score"), t("index.interval")]
        table = Table(t("tested.points_scores"), head, totals, numbers_from=0)
        blocks += [Para(t("tested.points_scores_intro")), Fold(t("tested.points_scores"), [table])]
    return Section(t("tested.points_title"), blocks, part=_PART)


def _statement(language: Language, item: Mapping[str, Any]) -> str:
    kind = str(item["comparison"])
    if kind in ("at_least", "below"):
        return str(language.t(f"tested.item_{kind}", cut=_cut(language, float(item["cut"]))))
    category = item.get("category")
    if kind == "is" and category:
        return language.t("tested.item_is", value=category)
    return str(language.t("tested.item_missing"))


def _cut(language: Language, cut: float) -> str:
    """As many digits as the cut has."""
    digits = next((n for n in range(7) if abs(round(cut, n) - cut) < 1e-9), 6)
    return language.number(cut, digits)


def _vignettes(language: Language, context: ReportContext) -> Section | str:
    """Whether fictional cases came in the expected order; who they are stands on the page of explanations."""
    t = language.t
    if not context.manifest.get("vignettes"):
        return t("tested.absent_vignettes")
    blocks: list[Block] = [Para(t("tested.vignettes_intro"))]
    statements = context.manifest.get("statements") or []
    if statements:
        held = language.number(sum(bool(each["holds"]) for each in statements))
        blocks.append(Para(t("fictional.held", held=held, all=language.number(len(statements))), "sentence"))
        blocks.append(Para(t("tested.statements_intro")))
    link = (f"explanations.html#{FICTIONAL}", t("tested.vignettes_title"), t("tested.vignettes_more"))
    return Section(t("tested.vignettes_title"), [*blocks, Links([link])], part=_PART)


def _uninformative(language: Language, context: ReportContext) -> Section | str:
    """How many scores say little, and why; small numbers are put together, so that none can be worked out."""
    t, told = language.t, context.manifest.get("uninformative") or {}
    n = told.get("n")
    if not n:
        return t("tested.absent_uninformative")
    share = told.get("share")
    least = context.minimum_cell
    blocks: list[Block] = [Para(t("tested.uninformative_intro"))]
    if share is None:
        blocks.append(Para(t("tested.uninformative_few", n=least), "sentence"))
    else:
        blocks.append(Para(t("tested.uninformative_share", share=language.percent(share, 1)), "sentence"))
    total = sum(context.uninformative.values())
    if share is not None and total >= least:
        rows: list[list[Cell | str]] = [
            [_reason_list(language, names, context.uninformative, least), count(language, context, size)]
            for names, size in put_together(context.uninformative, least)
        ]
        foot: list[Cell | str] = [t("tested.uninformative_all"), count(language, context, total)]
        head = [t("fairness.why"), t("tested.scores")]
        blocks.append(Table(t("tested.uninformative_title"), head, rows, numbers_from=1, foot=foot))
    return Section(t("tested.uninformative_title"), blocks, part=_PART)


def put_together(counts: Mapping[str, int], least: int) -> list[tuple[list[str], int]]:
    """Reasons with their numbers; those below the minimum cell in one line, which takes more until it reaches it.

    Parameters
    ----------
    counts : mapping
        By reason. A reason without scores counts as a small one: none is a number too.
    least : int
        The minimum cell.

    Returns
    -------
    list of (list of str, int)
        Reasons of a line and their number, the largest first. Every number is at least `least` where their sum is.
        Small reasons stand in their usual order, behind a large one that had to join them.
    """
    sizes = {reason: int(counts.get(reason, 0)) for reason in (*REASONS, *sorted(set(counts) - set(REASONS)))}
    large = sorted(sizes, key=lambda reason: -sizes[reason])
    small = [reason for reason in sizes if sizes[reason] < least]
    large = [reason for reason in large if reason not in small]
    while large and small and sum(sizes[reason] for reason in small) < least:
        small.insert(0, large.pop())
    lines = [([reason], sizes[reason]) for reason in large]
    return [*lines, (small, sum(sizes[reason] for reason in small))] if small else lines


def _reason_list(language: Language, names: list[str], counts: Mapping[str, int], least: int) -> str:
    """Reasons of one line; where most are of one kind, that is said without its number."""
    words = [str(language.word("little_said", name)) for name in names]
    if len(words) == 1:
        return words[0]
    first = int(counts.get(names[0], 0))
    if first >= least and 2 * first > sum(int(counts.get(name, 0)) for name in names):
        words[0] = str(language.t("tested.most", reason=words[0]))
    return str(language.t("tested.together", reasons="; ".join(words)))


def _stability(language: Language, context: ReportContext) -> Section | str:
    """Whether other models of the same recipe would name the same factors."""
    t = language.t
    frame = context.metrics[context.metrics["metric"].map(lambda name: parts_of(str(name))[0] in (AGREEMENT, OVERLAP))]
    frame = frame[frame["value"].map(known)]
    if frame.empty:
        return t("tested.absent_stability")
    rows: list[list[Cell | str]] = []
    spreads = False
    for row in frame.drop_duplicates("metric").sort_values("metric").to_dict("records"):
        spread = ""
        if known(row["low"]) and known(row["high"]) and row["low"] < row["high"]:
            ends = {end: language.number(row[end], 2) for end in ("low", "high")}
            spread = str(t("form.interval", **ends))
        rows.append([metric_label(language, row["metric"]), language.number(row["value"], 2), spread or "–"])
        spreads = spreads or bool(spread)
    head = [t("index.metric"), t("index.value"), t("index.interval")]
    if not spreads:
        head, rows = head[:-1], [each[:-1] for each in rows]
    blocks: list[Block] = [
        Para(t("tested.stability_intro")),
        Table(t("tested.stability_title"), head, rows, numbers_from=1),
    ]
    return Section(t("tested.stability_title"), blocks, part=_PART)
