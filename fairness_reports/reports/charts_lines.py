"""Curves as inline SVG: figures over a scale, one line per kind, told apart by shape as well as by colour.

Belongs here: drawing lines with intervals and their key.
Does not belong here: rows of dots and bars (charts), what is drawn (the views).
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fairness_reports.reports.charts import ACCENT, FONT, INK, LINE_COLOUR, MUTED, SURFACE, WIDTH, Chart, for_page

_PLOT = 190.0  # height of the part with the lines
_LEGEND_LINE = 15
_LOOKS = (  # colour, marker, dashes: no two alike in any of them
    (ACCENT, "o", "-"),
    (INK, "s", (0, (5, 3))),
    (MUTED, "", (0, (1, 2))),
)


@dataclass(frozen=True)
class Line:
    """One curve.

    Parameters
    ----------
    label : str
        Its words in the key.
    x, y : sequence of float
        Its points, x rising.
    low, high : sequence of float, optional
        Ends of an interval at each point; without them no upright strokes are drawn.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()


def curves(
    lines: Sequence[Line],
    *,
    identity: str,
    title: str,
    description: str,
    x_axis: str,
    y_axis: str,
    x_tick: Callable[[float], str],
    y_tick: Callable[[float], str],
    floor: float | None = None,
) -> Chart:
    """Up to three curves over one scale.

    Parameters
    ----------
    lines : sequence of Line
        Each gets its own colour, marker and dashes, in this order.
    identity : str
        Unique in the page; made into ids.
    title, description : str
        For those who cannot see the drawing; the title is not drawn.
    x_axis, y_axis : str
        What the axes count. The upright one is named above the drawing, so that nobody has to turn their head.
    x_tick, y_tick : callable
        Words for a number.
    floor : float, optional
        Lower end of the upright axis: what lies below is cut off, so that a line that falls far does not flatten the
        others.

    Returns
    -------
    Chart
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    key = [textwrap.wrap(line.label, 42) or [""] for line in lines]
    named = textwrap.wrap(y_axis, 48) or [""]
    top, left, right, below = 8.0 + _LEGEND_LINE * len(named), 48.0, 10.0, 40.0
    legend = sum(len(words) * _LEGEND_LINE + 4 for words in key) + 4.0
    height = top + _PLOT + below + legend
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "plumbline", "text.parse_math": False}):
        figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=72)
        axes = figure.add_axes((left / WIDTH, (below + legend) / height, 1 - (left + right) / WIDTH, _PLOT / height))
        figure.patch.set_visible(False)
        axes.patch.set_visible(False)
        for name, spine in axes.spines.items():
            spine.set_visible(name in ("bottom", "left"))
            spine.set_color(LINE_COLOUR)
        for line, (colour, marker, dashes) in zip(lines, _LOOKS, strict=False):
            for x, low, high in zip(line.x, line.low, line.high, strict=False):
                axes.plot([x, x], [low, high], color=colour, linewidth=1.6, zorder=3)
            axes.plot(line.x, line.y, color=colour, linewidth=1.6, linestyle=dashes, zorder=2)
            if marker:
                axes.plot(
                    line.x, line.y, color=colour, linewidth=0, marker=marker, markersize=5.5, markerfacecolor=SURFACE,
                    markeredgewidth=1.4, zorder=4,
                )  # fmt: skip
        if floor is not None:
            axes.set_ylim(bottom=floor)
        for scale, tick, bins in ((axes.xaxis, x_tick, 6), (axes.yaxis, y_tick, 5)):
            scale.set_major_locator(MaxNLocator(nbins=bins, steps=[1, 2, 2.5, 5, 10]))
            scale.set_major_formatter(FuncFormatter(lambda value, _, tick=tick: tick(value)))
        axes.tick_params(colors=LINE_COLOUR, labelcolor=MUTED, labelsize=FONT - 1, length=3)
        axes.set_xlabel(x_axis, color=MUTED, fontsize=FONT - 1, labelpad=3)
        frame = figure.add_axes((0, 0, 1, 1))
        frame.set_axis_off()
        frame.set_xlim(0, WIDTH)
        frame.set_ylim(height, 0)
        for number, words in enumerate(named):
            frame.text(8, 12 + number * _LEGEND_LINE, words, fontsize=FONT - 1, color=MUTED)
        y = top + _PLOT + below + 4
        for words_of, (colour, marker, dashes) in zip(key, _LOOKS, strict=False):
            frame.plot([8, 38], [y + 6, y + 6], color=colour, linewidth=1.6, linestyle=dashes)
            if marker:
                frame.plot(
                    [23], [y + 6], color=colour, marker=marker, markersize=5.5, markerfacecolor=SURFACE,
                    markeredgewidth=1.4,
                )  # fmt: skip
            for number, words in enumerate(words_of):
                frame.text(46, y + 10 + number * _LEGEND_LINE, words, fontsize=FONT - 1, color=INK)
            y += len(words_of) * _LEGEND_LINE + 4
        raw = io.StringIO()
        figure.savefig(raw, format="svg", metadata={"Date": None})
    return Chart(for_page(raw.getvalue(), identity, title, description), title, description)
