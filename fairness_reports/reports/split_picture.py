"""The splits as a picture: a lane for each, from the first cohort that trains to the last window of the test.

Belongs here: drawing `models.splits.split_calendar`, and the same in words for those who cannot see it.
Does not belong here: which cohorts train and test (models.split_plan), or the page around it (the views).
"""

from __future__ import annotations

import io
import textwrap
from datetime import date
from typing import Any

import pandas as pd
from markupsafe import Markup

from fairness_reports.language import Language
from fairness_reports.reports.charts import ACCENT, INK, LINE_COLOUR, MUTED, SURFACE, Chart, for_page
from fairness_reports.reports.spans import MANY

WIDTH = 320
_FONT = 12.0
_LABEL, _STRIP, _LEGEND_LINE = 17, 26, 15
_GRAINS = {"M": "month", "Q": "quarter", "Y": "year"}
_NAMED = 3  # so many cohorts are named; of more, the first and the last
_STYLE = (  # a file of its own has no page that gives it colours and fonts
    "<style>svg{--ink:#1c2733;--muted:#556170;--line:#d8dce1;--accent:#1d5c86;--surface:#ffffff;background:#ffffff;"
    "font-family:system-ui,'Segoe UI',Roboto,'Noto Sans','Liberation Sans','DejaVu Sans',sans-serif}</style>"
)


def svg(language: str, frame: pd.DataFrame, identity: str = "splits") -> str:
    """The picture as a part of a page, coloured by the page's style sheet.

    Parameters
    ----------
    language : {'en', 'de'}
        Of its words.
    frame : DataFrame
        From `models.splits.split_calendar` (or `models.split_plan.calendar_rows`), with at least one split.
    identity : str
        Unique in the page; made into ids.

    Returns
    -------
    str
        An ``<svg>`` element with title and description.
    """
    return str(picture(Language(language), frame, identity).svg)


def svg_file(language: str, frame: pd.DataFrame) -> str:
    """The picture as a file of its own, with colours and fonts."""
    return svg(language, frame).replace("<title", f"{_STYLE}<title", 1).replace("<svg ", _ROOT, 1) + "\n"


_ROOT = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH * 2}" '


def picture(language: Language, frame: pd.DataFrame, identity: str = "splits") -> Chart:
    """The picture with its words; `svg` says what is taken."""
    from matplotlib import rc_context
    from matplotlib.dates import date2num, num2date
    from matplotlib.figure import Figure
    from matplotlib.ticker import FixedLocator, FuncFormatter

    lanes = list(frame.groupby("split", sort=False))
    grain = _grain(frame)
    legend = _legend(language)
    top, axis, side = 4.0, 24.0, 10.0
    inner = float(len(lanes) * (_LABEL + _STRIP))
    below = sum(len(lines) * _LEGEND_LINE + 5 for _, lines in legend) + 6.0
    height = top + inner + axis + below
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "plumbline", "text.parse_math": False}):
        figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=72)
        axes = figure.add_axes((side / WIDTH, (axis + below) / height, 1 - 2 * side / WIDTH, inner / height))
        figure.patch.set_visible(False)
        axes.patch.set_visible(False)
        first, last = frame["cohort_as_of"].min(), frame[["window_end", "closes_on"]].max().max()
        room = (last - first) * 0.03
        axes.set_xlim(date2num(first - room), date2num(last + room))
        axes.set_ylim(inner, 0)
        for name, spine in axes.spines.items():
            spine.set_visible(name == "bottom")
            spine.set_color(LINE_COLOUR)
        axes.set_yticks([])
        axes.xaxis.set_major_locator(FixedLocator([date2num(day) for day in _ticks(first, last)]))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: language.month(num2date(value).date())))
        axes.tick_params(axis="x", colors=LINE_COLOUR, labelcolor=MUTED, labelsize=_FONT - 1, length=3)
        left, right = axes.get_xlim()
        for number, (split, rows) in enumerate(lanes):
            base = number * (_LABEL + _STRIP)
            axes.text(left, base + 12, str(split), fontsize=_FONT, color=INK)
            axes.text(right, base + 12, role_words(language, rows), fontsize=_FONT - 1, color=MUTED, ha="right")
            _lane(axes, rows, base + _LABEL + _STRIP / 2 - 1, grain)
        key = figure.add_axes((side / WIDTH, 0, 1 - 2 * side / WIDTH, below / height))
        key.set_axis_off()
        key.set_xlim(0, WIDTH - 2 * side)
        key.set_ylim(below, 0)
        y = 6.0
        for kind, lines in legend:
            _symbol(key, kind, y + 7)
            for line in lines:
                key.text(40, y + 11, line, fontsize=_FONT - 1, color=INK)
                y += _LEGEND_LINE
            y += 5
        raw = io.StringIO()
        figure.savefig(raw, format="svg", metadata={"Date": None})
    title = str(language.t("splits.title"))
    told = [words(language, rows) for _, rows in lanes]
    description = " ".join([*told, language.plain(f"splits.marks_{_GRAINS[grain]}")] if grain else told)
    return Chart(Markup(for_page(raw.getvalue(), identity, title, description)), title, description)  # noqa: S704


def words(language: Language, rows: pd.DataFrame) -> str:
    """One split in a sentence."""
    train, test = (rows[rows["part"] == part] for part in ("train", "test"))
    return language.t(
        "splits.described",
        split=str(rows["split"].iloc[0]),
        role=role_words(language, rows),
        train=cohort_words(language, train),
        closed=language.date(_last(train["closes_on"])),
        day=language.date(rows["as_of"].iloc[0].date()),
        test=cohort_words(language, test),
        end=language.date(_last(test["window_end"])),
    ).unescape()


def cohort_words(language: Language, rows: pd.DataFrame) -> str:
    """How many cohorts, and which: a few by name, of many the first and the last."""
    names = list(dict.fromkeys(rows["cohort"].astype(str)))
    days = rows[["cohort_as_of", "cohort"]].drop_duplicates()
    shown = ", ".join(names) if len(names) <= _NAMED else f"{names[0]} … {names[-1]}"
    return language.plain("splits.cohorts", n=len(days), names=shown)


def role_words(language: Language, rows: pd.DataFrame) -> str:
    """What a split is for."""
    history = rows["history"].iloc[0]
    if isinstance(history, str):
        return language.plain("splits.compared", history=history)
    return language.plain(f"splits.{rows['role'].iloc[0]}")


def _last(days: pd.Series) -> date:
    last: date = days.max().date()
    return last


def _ticks(first: pd.Timestamp, last: pd.Timestamp) -> list[pd.Timestamp]:
    """At most four first days of months, evenly apart."""
    months = (last.year - first.year) * 12 + last.month - first.month
    step = next(n for n in (1, 2, 3, 6, 12, 24, 36, 60, 120, 600, 12000) if months <= 4 * n)
    start = pd.Timestamp(first.year, 1, 1)
    days = [start + pd.DateOffset(months=k * step) for k in range((months + 12) // step + 2)]
    edge = (last - first) * 0.06  # a label there would be cut off
    return [day for day in days if first + edge <= day <= last - edge]


def _grain(frame: pd.DataFrame) -> str | None:
    """What a mark stands for: where a part has too many cohorts, the shortest span of time of which it has fewer."""
    parts = [days.drop_duplicates() for _, days in frame.groupby(["split", "part"], sort=False)["cohort_as_of"]]
    if max((len(days) for days in parts), default=0) <= MANY:
        return None
    return next((g for g in _GRAINS if max(days.dt.to_period(g).nunique() for days in parts) <= MANY), "Y")


def _marked(days: pd.Series, grain: str | None) -> pd.Series:
    """Days that have a mark: all, or the first of each span."""
    return days if grain is None else days.groupby(days.dt.to_period(grain)).min()


def _lane(axes: Any, rows: pd.DataFrame, y: float, grain: str | None) -> None:
    from matplotlib.dates import date2num

    train, test = (rows[rows["part"] == part] for part in ("train", "test"))
    day = date2num(rows["as_of"].iloc[0])
    _training(axes, date2num(_marked(train["cohort_as_of"], grain)), _spans(train), y)
    _waiting(axes, date2num(train["window_end"].max()), day, date2num(train["closes_on"].max()), y)
    closed = date2num(test["closes_on"].max())
    _testing(axes, date2num(_marked(test["cohort_as_of"], grain)), _spans(test), y)
    _waiting(axes, date2num(test["window_end"].max()), closed, closed, y)
    _day(axes, day, y)


def _spans(rows: pd.DataFrame) -> list[tuple[float, float]]:
    """Windows of cohorts, those that touch joined."""
    from matplotlib.dates import date2num

    joined: list[tuple[float, float]] = []
    ordered = rows.sort_values("cohort_as_of")
    for start, end in zip(date2num(ordered["cohort_as_of"]), date2num(ordered["window_end"]), strict=True):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _training(axes: Any, days: Any, spans: list[tuple[float, float]], y: float) -> None:
    for start, end in spans:
        axes.fill_between([start, end], y - 4, y + 4, color=ACCENT, linewidth=0, zorder=1)
    _marks(axes, days, y, "o")


def _testing(axes: Any, days: Any, spans: list[tuple[float, float]], y: float) -> None:
    for start, end in spans:
        frame = [start, end, end, start, start], [y - 4, y - 4, y + 4, y + 4, y - 4]
        axes.plot(*frame, color=INK, linewidth=1.3, zorder=1)
    _marks(axes, days, y, "s")


def _marks(axes: Any, days: Any, y: float, marker: str) -> None:
    style = {"color": INK, "markerfacecolor": SURFACE, "markeredgewidth": 1.3, "markersize": 4.8, "linewidth": 0}
    axes.plot(days, [y] * len(days), marker=marker, zorder=4, **style)


def _waiting(axes: Any, start: float, end: float, closed: float, y: float) -> None:
    axes.plot([start, end], [y, y], color=INK, linewidth=1.3, linestyle=(0, (1, 2)), zorder=2)
    axes.plot([closed, closed], [y - 4, y + 4], color=INK, linewidth=1.1, zorder=2)


def _day(axes: Any, day: float, y: float) -> None:
    axes.plot([day, day], [y - 11, y + 10], color=INK, linewidth=1.8, zorder=3)
    axes.plot([day], [y - 10], marker="v", markersize=6, color=INK, markeredgewidth=0, zorder=3)


def _legend(language: Language) -> list[tuple[str, list[str]]]:
    return [
        (kind, textwrap.wrap(str(language.t(f"splits.legend_{kind}")), 42)) for kind in ("train", "wait", "day", "test")
    ]


def _symbol(key: Any, kind: str, y: float) -> None:
    if kind == "train":
        _training(key, [3, 12], [(3, 30)], y)
    elif kind == "wait":
        _waiting(key, 2, 30, 14, y)
    elif kind == "day":
        _day(key, 15, y)
    else:
        _testing(key, [3, 12], [(3, 30)], y)
