"""Charts as inline SVG: drawn by matplotlib, coloured by the page's style sheet, readable without colour.

Belongs here: drawing and making the SVG fit for a page (ids, colours, title and description).
Does not belong here: what is drawn (the views), or the table of figures beside it (the templates).
"""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any
from weakref import WeakKeyDictionary

from markupsafe import Markup, escape

from fairness_reports.language import plain

WIDTH = 320  # of the drawing; pages scale it between about 0.8 and 1.6 times, so text stays readable on a phone
FONT = 12.0
LINE = 15  # height of a line of text
ROW = 20  # height of the strip that a dot and its line stand in
_WRAP = 32  # letters in a line of a label

# drawn in these colours, which the page's own variables then replace: light, dark and print need no other drawing
_COLOURS = {
    "#010101": "var(--ink)",
    "#020202": "var(--muted)",
    "#030303": "var(--line)",
    "#040404": "var(--accent)",
    "#050505": "var(--good)",
    "#060606": "var(--bad)",
    "#070707": "var(--unsure)",
    "#080808": "var(--zone)",
    "#090909": "var(--surface)",
}
INK, MUTED, LINE_COLOUR, ACCENT, GOOD, BAD, UNSURE, ZONE, SURFACE = _COLOURS
_MARKS = {  # state: colour, marker, filled
    "within": (GOOD, "o", True),
    "outside": (BAD, "s", True),
    "cannot_tell": (UNSURE, "D", False),
    "not_judged": (ACCENT, "o", True),
}


@dataclass(frozen=True)
class Point:
    """One row of a chart.

    Parameters
    ----------
    label : str
        Its words.
    value, low, high : float
        The figure and its interval; without an interval, no line is drawn.
    state : str
        within, outside, cannot_tell or not_judged: shape and colour.
    note : str
        A word at the right end of the label's line, so that nothing hangs on colour.
    """

    label: str
    value: float
    low: float | None = None
    high: float | None = None
    state: str = "not_judged"
    note: str = ""


@dataclass(frozen=True)
class Chart:
    """A drawing and the words around it."""

    svg: Markup
    title: str
    description: str


def intervals(
    points: Sequence[Point],
    *,
    identity: str,
    title: str,
    description: str,
    axis: str,
    tick: Callable[[float], str],
    zero: float | None = None,
    tolerance: float | None = None,
    bars: bool = False,
    limits: tuple[float, float] | None = None,
) -> Chart:
    """Rows with a dot (or a bar) and an interval each.

    Parameters
    ----------
    points : sequence of Point
        From top to bottom.
    identity : str
        Unique in the page; made into ids.
    title, description : str
        For those who cannot see the drawing; the title is not drawn.
    axis : str
        What the horizontal axis counts.
    tick : callable
        Words for a number on it.
    zero : float, optional
        Where an upright line stands.
    tolerance : float, optional
        Half the width of a shaded strip around `zero`.
    bars : bool
        Bars from zero instead of dots.
    limits : (float, float), optional
        Ends of the axis; by default all that is drawn.

    Returns
    -------
    Chart
    """
    labels = [textwrap.wrap(plain(point.label), _WRAP) or [""] for point in points]
    heights = [len(lines) * LINE + ROW for lines in labels]
    ends = limits or _limits(points, zero, tolerance, from_zero=bars)

    def draw(axes: Any) -> None:
        left, right = axes.get_xlim()
        y = 0.0
        for point, lines, row_height in zip(points, labels, heights, strict=True):
            words(axes, left, right, y, lines, plain(point.note), _colour_of_note(point))
            strip = y + row_height - ROW / 2 - 1
            ground(axes, strip, zero, tolerance)
            mark(axes, point, strip, bars=bars, zero=zero or 0.0)
            y += row_height

    return in_rows(
        draw, inner=sum(heights), ends=ends, identity=identity, title=title, description=description, axis=axis,
        tick=tick,
    )  # fmt: skip


def in_rows(
    draw: Callable[[Any], None],
    *,
    inner: float,
    ends: tuple[float, float],
    identity: str,
    title: str,
    description: str,
    axis: str,
    tick: Callable[[float], str],
    left: float = 8.0,
) -> Chart:
    """A drawing of rows over one horizontal axis.

    Parameters
    ----------
    draw : callable
        Draws the rows into the axes it gets: the upright axis counts from the top in points of type.
    inner : float
        Height of all rows.
    ends : (float, float)
        Ends of the horizontal axis.
    identity, title, description, axis, tick
        As for `intervals`.
    left : float
        Room left of the horizontal axis.

    Returns
    -------
    Chart
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    top, bottom, side = 4.0, 37.0, 8.0
    inner = float(inner) or 1.0
    height = top + inner + bottom
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "plumbline", "text.parse_math": False}):
        figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=72)
        axes = figure.add_axes((left / WIDTH, bottom / height, 1 - (left + side) / WIDTH, inner / height))
        figure.patch.set_visible(False)
        axes.patch.set_visible(False)
        axes.set_ylim(inner, 0)
        axes.set_xlim(*ends)
        for name, spine in axes.spines.items():
            spine.set_visible(name == "bottom")
            spine.set_color(LINE_COLOUR)
        axes.set_yticks([])
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
        axes.tick_params(axis="x", colors=LINE_COLOUR, labelcolor=MUTED, labelsize=FONT - 1, length=3)
        axes.set_xlabel(plain(axis), color=MUTED, fontsize=FONT - 1, labelpad=3)
        for at, label in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True):
            # a long number at the very end of the axis would be cut off by the edge of the drawing
            middle = left + (at - ends[0]) / (ends[1] - ends[0]) * (WIDTH - left - side)
            half = 3.4 * len(tick(at))
            label.set_horizontalalignment("left" if middle < half else "right" if middle > WIDTH - half else "center")
        draw(axes)
        _draw_lines(axes)
        raw = io.StringIO()
        figure.savefig(raw, format="svg", metadata={"Date": None})
    return Chart(for_page(raw.getvalue(), identity, title, description), title, description)


def words(
    axes: Any, left: float, right: float, y: float, lines: Sequence[str], note: str = "", colour: str = MUTED
) -> None:
    """The label of a row and, at the right end of its first line, a note."""
    for number, line in enumerate(lines):
        axes.text(left, y + number * LINE + 12, line, fontsize=FONT, color=INK)
    if note:
        axes.text(right, y + 12, note, fontsize=FONT - 1, color=colour, ha="right")


def _colour_of_note(point: Point) -> str:
    return _MARKS[point.state][0] if point.state != "not_judged" else MUTED


def ground(axes: Any, y: float, zero: float | None, tolerance: float | None) -> None:
    """Tolerance and zero behind one row; not behind its label, which must stay readable."""
    ends = [y - ROW / 2 + 2, y + ROW / 2 - 2]
    line(axes, axes.get_xlim(), [y, y], color=LINE_COLOUR, linewidth=0.6, zorder=0.5)
    if zero is None:
        return
    if tolerance is not None:
        axes.fill_betweenx(ends, zero - tolerance, zero + tolerance, color=ZONE, linewidth=0, zorder=0.2)
        edges = [zero - tolerance] * 2 + [nan] + [zero + tolerance] * 2
        line(axes, edges, [*ends, nan, *ends], color=MUTED, linewidth=0.8, linestyle=(0, (2, 2)), zorder=0.6)
    line(axes, [zero, zero], ends, color=MUTED, linewidth=1.2, zorder=0.6)


_waiting: WeakKeyDictionary[Any, dict[Any, tuple[list[float], list[float]]]] = WeakKeyDictionary()
"""Lines that are still to be drawn, by their axes and style."""


def line(axes: Any, x: Sequence[float], y: Sequence[float], **style: Any) -> None:
    """A line or a mark, drawn by `in_rows` together with all others of the same style: one instead of hundreds."""
    looks = tuple(sorted(style.items(), key=lambda item: item[0]))
    xs, ys = _waiting.setdefault(axes, {}).setdefault(looks, ([], []))
    xs += [*x, nan]
    ys += [*y, nan]


def _draw_lines(axes: Any) -> None:
    from matplotlib.lines import Line2D

    for looks, (x, y) in _waiting.pop(axes, {}).items():
        axes.add_artist(Line2D(x, y, **dict(looks)))


def mark(axes: Any, point: Point, y: float, *, bars: bool, zero: float) -> None:
    """A row's dot or bar with its interval."""
    colour, marker, filled = _MARKS[point.state]
    if bars:
        axes.barh(y, point.value - zero, left=zero, height=9, color=colour, zorder=2)
    if point.low is not None and point.high is not None:
        whiskers(axes, point.low, point.high, y, INK if bars else colour, 1.6 if bars else 2.2)
    if not bars:
        face = colour if filled else SURFACE
        line(
            axes, [point.value], [y], marker=marker, markersize=7.5, color=colour, markerfacecolor=face,
            markeredgewidth=1.6, zorder=4,
        )  # fmt: skip


def whiskers(axes: Any, low: float, high: float, y: float, colour: str, width: float, half: float = 3.0) -> None:
    """An interval with a stroke at each end, as one line."""
    across = [low, low, nan, low, high, nan, high, high]
    line(
        axes, across, [y - half, y + half, nan, y, y, nan, y - half, y + half], color=colour, linewidth=width, zorder=3
    )


def _limits(
    points: Sequence[Point], zero: float | None, tolerance: float | None, *, from_zero: bool
) -> tuple[float, float]:
    ends = [end for p in points for end in (p.value, p.low, p.high) if end is not None]
    if zero is not None:
        ends += [zero - 1.2 * (tolerance or 0), zero + 1.2 * (tolerance or 0)]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    room = (high - low) * 0.05 or 0.05
    return (0.0 if from_zero and low >= 0 else low - room), high + room


_FONT_FAMILY = re.compile(r"font-family: [^;\"]*;? ?")
_TAG = re.compile(r"<[^>]*>")  # matplotlib escapes both signs in text and in attributes


def _of_page(tag: str, identity: str) -> str:
    """One tag with ids of its own and the page's colours and fonts; what stands between tags is left alone."""
    # only clip paths and markers are referred to
    tag = re.sub(r' id="((?!m[0-9a-f]{10}|p[0-9a-f]{10})[^"]*)"', "", tag)
    tag = re.sub(r' id="([^"]*)"', rf' id="{identity}-\1"', tag)
    tag = re.sub(r'xlink:href="#', f'href="#{identity}-', tag)
    tag = re.sub(r"url\(#", f"url(#{identity}-", tag)
    tag = re.sub(r"font: ([0-9.]+px) [^;\"]*", r"font-size: \1", tag)
    tag = _FONT_FAMILY.sub("", tag)
    for drawn, variable in _COLOURS.items():
        tag = tag.replace(drawn, variable)
    return tag


def for_page(raw: str, identity: str, title: str, description: str) -> Markup:
    """Make matplotlib's file a part of a page: no prolog, no metadata, ids of its own, the page's colours and fonts."""
    svg = raw[raw.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<style[^>]*>.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = _TAG.sub(lambda tag: _of_page(tag.group(), identity), svg)
    view_box = re.search(r'viewBox="[^"]*"', svg)
    assert view_box is not None  # noqa: S101  (matplotlib always writes one)
    head = (
        f'<svg class="chart" {view_box.group(0)} role="img" aria-labelledby="{identity}-title {identity}-desc">'
        f'<title id="{identity}-title">{escape(title)}</title><desc id="{identity}-desc">{escape(description)}</desc>'
    )
    svg = head + svg[svg.index(">") + 1 :]
    # the text is escaped by matplotlib; the rest is made of numbers
    return Markup(re.sub(r"\s*\n\s*", " ", svg).strip())  # noqa: S704
