"""What people decided beside the model: the section of the fairness page on answers of teams' lists.

Belongs here: sentences and tables from decisions.parquet, the newest day first.
Does not belong here: the figures (fairness_reports.decisions), reading answers (pipelines.feedback).
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from fairness_reports.decisions.answers import DISAGREEMENTS
from fairness_reports.decisions.figures import (
    ANSWERED,
    GAP_CHANGE,
    HUMAN,
    JOINT,
    LISTED,
    MODEL,
    TEAM,
    WHO,
    WITH,
    WITHOUT,
)
from fairness_reports.language import Language
from fairness_reports.reports.context import ReportContext, rows_of
from fairness_reports.reports.fairness.rows import attributes, bare, is_clear, why
from fairness_reports.reports.figures import (
    attribute_label,
    cases_word,
    count,
    figure_cell,
    group_label,
    groups_in_order,
    interval,
    known,
)
from fairness_reports.reports.layout import Block, Bullets, Cell, Facts, Fold, Para, Section, Table
from fairness_reports.spec import OVERALL

RATE = "selection_rate"  # a share, like all figures here


def people_and_model(language: Language, context: ReportContext) -> list[Section]:
    """What people decided with the score and without it, and where that made gaps wider or narrower.

    Parameters
    ----------
    language : Language
        The language.
    context : ReportContext
        With `decisions`, where answers were read.

    Returns
    -------
    list of Section
        One section; none where the charter names no lists and nothing was read.
    """
    t, table = language.t, context.decisions
    if table is None or table.empty:
        if context.charter is None or context.charter.caseload is None:
            return []
        return [Section(t("decisions.title"), [Para(t("decisions.none"))])]
    days = sorted(set(pd.to_datetime(table["as_of"]).dt.date))
    dated = table.assign(day=pd.to_datetime(table["as_of"]).dt.date)
    newest = dated[dated["day"] == days[-1]]
    blocks: list[Block] = [Para(t("decisions.intro"), "lead"), _in_short(language, context, newest)]
    for cases in (WITH, WITHOUT):
        blocks += _gaps(language, context, newest, cases)
    if (newest["metric"] == GAP_CHANGE).any():
        blocks.append(Para(t("decisions.chance"), "note"))
    blocks += _coverage(language, context, newest)
    closed = [day for day in days if _outcomes_known(dated[dated["day"] == day])]
    if closed:
        blocks += _outcomes(language, context, dated[dated["day"] == closed[-1]], closed[-1])
    if len(days) > 1:
        blocks.append(Para(t("decisions.earlier", n=len(days) - 1), "note"))
    blocks += [
        Para(t("decisions.teams", least=context.minimum_cell), "note"),
        Para(t("source.decisions"), "note source"),
    ]
    return [Section(t("decisions.title"), blocks)]


def _of(frame: pd.DataFrame, cases: str, who: str, metric: str, comparison: str = "value") -> pd.DataFrame:
    same = (frame["cases"] == cases) & (frame["who"] == who) & (frame["metric"] == metric)
    return frame[same & (frame["comparison"] == comparison)]


def _all(frame: pd.DataFrame, cases: str, who: str, metric: str) -> Any | None:
    """The row for everybody, if it has a figure."""
    rows = [row for row in rows_of(_of(frame, cases, who, metric)) if row.attribute == OVERALL and known(row.value)]
    return rows[0] if rows else None


def _of_100(language: Language, row: Any) -> dict[str, str]:
    """A share as so many of a hundred, with its interval."""
    ends = [language.number(float(end) * 100) if known(end) else "–" for end in (row.low, row.high)]
    return {"value": language.number(float(row.value) * 100), "low": ends[0], "high": ends[1]}


def _in_short(language: Language, context: ReportContext, frame: pd.DataFrame) -> Facts:
    """How many answers there are, how often they agree with the model, how often somebody disagreed with a score."""
    t, day = language.t, language.date(frame["day"].iloc[0])
    word = cases_word(language, context)
    answered = _all(frame, LISTED, "list", ANSWERED)
    lists = t("decisions.lists", day=day)
    if answered is None:
        return Facts([(lists, [t("decisions.too_few")])])
    listed = count(language, context, answered.n)
    rows = [(lists, [t("decisions.answered", listed=listed, cases=word, **_of_100(language, answered))])]
    for cases, who in ((WITH, JOINT), (WITHOUT, HUMAN)):
        found = {
            metric: _all(frame, cases, who, metric)
            for metric in ("agreement", "taken_up_unselected", "not_taken_up_selected", "disagreement")
        }
        said = []
        if found["agreement"] is not None:
            n = count(language, context, found["agreement"].n)
            said.append(t("decisions.agreed", how_many=n, cases=word, **_of_100(language, found["agreement"])))
        if found["taken_up_unselected"] is not None:
            said.append(t("decisions.taken_up", cases=word, **_of_100(language, found["taken_up_unselected"])))
        if found["not_taken_up_selected"] is not None:
            said.append(t("decisions.not_taken_up", cases=word, **_of_100(language, found["not_taken_up_selected"])))
        if cases == WITH and found["disagreement"] is not None:
            said += _disagreed(language, frame, found["disagreement"])
        if said:
            rows.append((t("decisions.with_score") if cases == WITH else t("decisions.without_score"), said))
    return Facts(rows)


def _disagreed(language: Language, frame: pd.DataFrame, share: Any) -> list[Any]:
    """How often somebody disagreed with the score that had been seen, and why."""
    t = language.t
    codes = [(code, _all(frame, WITH, JOINT, f"disagreement[{code}]")) for code in DISAGREEMENTS]
    reasons = [
        t("decisions.reason", reason=language.word("decisions_reason", code), share=language.percent(row.value))
        for code, row in codes
        if row is not None
    ]
    told = [t("decisions.disagreed", **_of_100(language, share))]
    return [*told, t("decisions.reasons", reasons=language.listing(reasons))] if reasons else told


def _label(language: Language, context: ReportContext, attribute: str) -> str:
    if attribute == TEAM and TEAM not in context.words.attributes:
        return str(language.t("decisions.team"))
    return attribute_label(language, context, attribute)


def _by_group(language: Language, context: ReportContext, frame: pd.DataFrame) -> list[tuple[Any, Cell]]:
    """Rows of groups in the programme's order, each with its name."""
    found = []
    groups = frame[frame["attribute"] != OVERALL]
    for attribute in attributes(groups):
        part = {str(row.group): row for row in rows_of(groups[groups["attribute"] == attribute])}
        for group in groups_in_order(context, attribute, list(part)):
            name = Cell(group_label(language, context, attribute, group), _label(language, context, attribute))
            found.append((part[str(group)], name))
    return found


def _gaps(language: Language, context: ReportContext, frame: pd.DataFrame, cases: str) -> list[Block]:
    """Where people made the gap to all cases wider or narrower than the model alone: sentences, then all figures."""
    t, who = language.t, WHO[cases]
    changes = _by_group(language, context, _of(frame, cases, who, GAP_CHANGE))
    if not changes:
        return []
    gap = {
        side: {(row.attribute, str(row.group)): row for row in rows_of(_of(frame, cases, side, RATE, "difference"))}
        for side in (MODEL, who)
    }
    rates = {
        side: {(row.attribute, str(row.group)): row for row in rows_of(_of(frame, cases, side, RATE))}
        for side in (MODEL, who)
    }
    said: list[str] = []
    rows: list[list[Cell | str]] = []
    open_ones = 0
    for row, name in changes:
        key = (row.attribute, str(row.group))
        cells = [_rate(language, rates[side].get(key)) for side in (MODEL, who)]
        cells += [_points(language, gap[side].get(key)) for side in (MODEL, who)]
        rows.append([name, count(language, context, row.n, row.reason), *cells, _points(language, row)])
        if not known(row.value):
            continue
        if not is_clear(row):
            open_ones += 1
            continue
        values = {
            "group": f"{name.sub}: {name.text}",
            "model": bare(language, RATE, float(gap[MODEL][key].value)),
            "people": bare(language, RATE, float(gap[who][key].value)),
            "low": bare(language, RATE, float(row.low)),
            "high": bare(language, RATE, float(row.high)),
            "n": count(language, context, row.n),
        }
        said.append(_moved(language, row.value < 0, values))
    if open_ones:
        said.append(t("decisions.open", n=open_ones))
    title = t("decisions.gaps_with") if cases == WITH else t("decisions.gaps_without")
    head = [
        t("fairness.group"), t("fairness.cases"), t("decisions.rate_model"), t("decisions.rate_people"),
        t("decisions.gap_model"), t("decisions.gap_people"), t("decisions.change"),
    ]  # fmt: skip
    listed: list[Block] = [Bullets(said)] if said else []
    return [Para(title, "lead"), *listed, Table(title, head, rows, 1)]


def _moved(language: Language, narrower: bool, values: dict[str, str]) -> str:
    """The sentence on a gap that surely changed; its count is text here, for it may be withheld."""
    told = {**values, "cases": values["n"]}
    del told["n"]
    return str(language.t("decisions.narrower", **told) if narrower else language.t("decisions.wider", **told))


def _rate(language: Language, row: Any) -> Cell:
    if row is None:
        return Cell("–", look="missing")
    return figure_cell(language, RATE, row) if known(row.value) else Cell(why(language, row), look="missing")


def _points(language: Language, row: Any) -> Cell:
    if row is None:
        return Cell("–", look="missing")
    if not known(row.value):
        return Cell(why(language, row), look="missing")
    return Cell(bare(language, RATE, row.value), interval(language, RATE, row.low, row.high, difference=True))


def _coverage(language: Language, context: ReportContext, frame: pd.DataFrame) -> list[Block]:
    """Of whose cases answers came back."""
    t = language.t
    rows: list[list[Cell | str]] = [
        [name, count(language, context, row.n, row.reason), _rate(language, row)]
        for row, name in _by_group(language, context, _of(frame, LISTED, "list", ANSWERED))
    ]
    if not rows:
        return []
    head = [t("fairness.group"), t("fairness.cases"), t("decisions.answered_share")]
    table = Table(t("decisions.coverage"), head, rows, 1)
    return [Fold(t("decisions.coverage"), [Para(t("decisions.coverage_intro")), table])]


def _outcomes_known(frame: pd.DataFrame) -> bool:
    return bool((frame["metric"].isin(["fnr", "fpr"]) & frame["value"].notna()).any())


def _outcomes(language: Language, context: ReportContext, frame: pd.DataFrame, day: Any) -> list[Block]:
    """Who was missed and who was taken up without the recorded outcome following, as far as outcomes are known."""
    t = language.t
    blocks: list[Block] = [Para(t("decisions.outcomes_intro", day=language.date(day)))]
    for cases, who in ((WITH, JOINT), (WITHOUT, HUMAN)):
        found = {
            (side, metric): {(r.attribute, str(r.group)): r for r in rows_of(_of(frame, cases, side, metric))}
            for side in (MODEL, who)
            for metric in ("fnr", "fpr")
        }
        lines: list[list[Cell | str]] = []
        everyone = (OVERALL, OVERALL)
        names = [(everyone, Cell(str(t("fairness.all_cases"))))]
        named = _by_group(language, context, _of(frame, cases, who, "fnr"))
        names += [((row.attribute, str(row.group)), name) for row, name in named]
        for key, name in names:
            order = ((MODEL, "fnr"), (who, "fnr"), (MODEL, "fpr"), (who, "fpr"))
            cells = [_rate(language, found[each].get(key)) for each in order]
            if any(cell.look != "missing" for cell in cells):
                lines.append([name, *cells])
        if lines:
            head = [t("fairness.group"), t("decisions.fnr_model"), t("decisions.fnr_people"), t("decisions.fpr_model"),
                    t("decisions.fpr_people")]  # fmt: skip
            caption = t("decisions.with_score") if cases == WITH else t("decisions.without_score")
            blocks.append(Table(caption, head, lines, 1))
    return [Fold(t("decisions.outcomes"), blocks)] if len(blocks) > 1 else []
