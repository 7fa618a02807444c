"""The part of docs/benchmarks.md that is made from the results: `python -m benchmarks.tables` writes it into the page.

Belongs here: the tables of figures, and the goals beside what was measured.
Does not belong here: the page's own text, or measuring (run).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.audits import RESULTS as AUDITS
from benchmarks.explanations import RESULTS as EXPLANATIONS
from benchmarks.session import RESULTS

HERE = Path(__file__).parent
BEGIN, END = "<!-- made from the results: python -m benchmarks.tables -->", "<!-- end -->"
PAGE = HERE.parent / "docs" / "benchmarks.md"
_WHOLE = "features, whole process"
_PARTS = "features, in 8 parts"
_SMALL, _MIDDLE, _LARGE = 20_000, 100_000, 1_000_000

Rows = Sequence[dict[str, Any]]


def results() -> list[dict[str, Any]]:
    """What was measured last."""
    found: list[dict[str, Any]] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return found


def explained() -> list[dict[str, Any]]:
    """The same of explanations."""
    found: list[dict[str, Any]] = json.loads(EXPLANATIONS.read_text(encoding="utf-8")) if EXPLANATIONS.exists() else []
    return found


def audited() -> list[dict[str, Any]]:
    """The same of audits."""
    found: list[dict[str, Any]] = json.loads(AUDITS.read_text(encoding="utf-8")) if AUDITS.exists() else []
    return found


def audits(rows: Rows) -> str:
    """The table of audits and its goals, as Markdown."""
    size = max((row["size"] for row in rows), default=0)
    ours, alone = (_find(rows, size, "plumbline", f"audit{what}") for what in ("", ", no households"))
    lines = [
        f"### Audits: {size:,} rows, 12 groups, 1,000 replicates",
        "",
        "| engine | workload | runs | CPU s | wall s | peak MB | times our CPU |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for row in sorted((row for row in rows if row["size"] == size), key=lambda row: row["cpu_s"]):
        times = f"{row['cpu_s'] / alone['cpu_s']:,.1f}" if alone and row["workload"] == alone["workload"] else ""
        lines.append(
            f"| {row['engine']} {row['version']} | {row['workload']} ({row['note']}) | {row['runs']} "
            f"| {row['cpu_s']:,.2f} | {row['wall_s']:,.2f} | {row['peak_mb']:,} | {times} |"
        )
    spent = ours["cpu_s"] if ours else None
    theirs = _find(rows, size, "fairlearn", "audit, no households")
    ratio = theirs["cpu_s"] / alone["cpu_s"] if alone and theirs else None
    shown = f"{spent:.2f} s" if spent is not None else ""
    goals = [
        "| goal | measured | |",
        "|---|---|---|",
        _goal("under 5 CPU seconds with 100,000 households", spent, shown, lambda s: s < 5),
        _goal("1,000 times as fast as fairlearn", ratio, f"{ratio:,.0f} times" if ratio else "", lambda r: r >= 1_000),
    ]
    return "\n".join([*lines, "", "### The goals of audits", "", *goals])


def explanations(rows: Rows) -> str:
    """The tables of explanations and their goals, as Markdown."""
    size = max((row["size"] for row in rows), default=0)
    lines = [
        f"### Explanations: {size:,} rows, 150 features",
        "",
        "| engine | workload | runs | CPU s | rows per CPU s | wall s | peak MB | times our CPU |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    goals = ["| goal | measured | |", "|---|---|---|"]
    for depth, kept, built in (("depth 8", 15, 12), ("no depth limit", 9, 7)):
        ours, ours_built, floor = (
            _find(rows, size, "plumbline", f"explanation{what}, {depth}") for what in ("", ", tables built", " floor")
        )
        here = [row for row in rows if row["size"] == size and row["workload"].endswith(f", {depth}")]
        for row in sorted(here, key=lambda row: row["cpu_s"]):
            computed = ours and "floor" not in row["workload"]
            times = f"{row['cpu_s'] / ours['cpu_s']:.1f}" if ours and computed else ""
            rate = f"{size / row['cpu_s']:,.0f}" if computed else ""
            what = row["workload"] + (f" ({row['note']})" if row["note"] else "")
            lines.append(
                f"| {row['engine']} {row['version']} | {what} | {row['runs']} | {row['cpu_s']:.2f} | {rate} "
                f"| {row['wall_s']:.2f} | {row['peak_mb']:,} | {times} |"
            )
        for own, which, beside_shap in ((ours, "tables kept", kept), (ours_built, "tables built", built)):
            for engine, goal in (("shap", beside_shap), ("woodelf_explainer", 1)):
                theirs = _find(rows, size, engine, f"explanation, {depth}")
                ratio = theirs["cpu_s"] / own["cpu_s"] if own and theirs else None
                said = f"{goal} times as fast as {engine}" if goal > 1 else f"as fast as {engine}"
                shown = f"{ratio:.1f} times" if ratio else ""
                goals.append(_goal(f"{said} per CPU second, {depth}, {which}", ratio, shown, lambda r, g=goal: r >= g))
        # the result, 8 bytes a value, belongs to the data
        above = ours_built["peak_mb"] - floor["peak_mb"] - size * 150 * 8 / 1e6 if ours_built and floor else None
        shown = f"{above:,.0f} MB" if above is not None else ""
        goals.append(_goal(f"under 500 MB above the data, {depth}, tables built", above, shown, lambda a: a < 500))
    return "\n".join([*lines, "", "### The goals of explanations", "", *goals])


def tables(rows: Rows) -> str:
    """All tables, as Markdown."""
    parts = []
    for size in sorted({row["size"] for row in rows}):
        parts += [f"### {size:,} people, {12 * size:,} rows", "", *_figures(rows, size), ""]
    parts += ["### The goals", "", *_goals(rows)]
    return "\n".join(parts)


def _figures(rows: Rows, size: int) -> list[str]:
    lines = [
        "| engine | workload | runs | wall s | CPU s | peak MB | times our wall | whole process s |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    ours = _find(rows, size, "plumbline")
    here = [row for row in rows if row["size"] == size and row["workload"] != _WHOLE]
    here.sort(key=lambda row: (not row["workload"].startswith("features"), row["wall_s"]))
    for row in here:
        computed = ours and row["workload"] in ("features", _PARTS)
        times = f"{row['wall_s'] / ours['wall_s']:.1f}" if ours and computed else ""
        whole = _find(rows, size, row["engine"], _WHOLE) if row["workload"] == "features" else None
        process = f"{whole['wall_s']:.2f}" if whole else ""
        what = row["workload"] + (f" ({row['note']})" if row["note"] else "")
        lines.append(
            f"| {row['engine']} {row['version']} | {what} | {row['runs']} | {row['wall_s']:.2f} | {row['cpu_s']:.2f} "
            f"| {row['peak_mb']:,} | {times} | {process} |"
        )
    return lines


def _find(rows: Rows, size: int, engine: str, workload: str = "features") -> dict[str, Any] | None:
    wanted = (size, engine, workload)
    return next((row for row in rows if (row["size"], row["engine"], row["workload"]) == wanted), None)


def _fastest(rows: Rows, size: int, engine: str) -> dict[str, Any] | None:
    """The faster of an engine's two ways: at once, or in parts."""
    ways = [row for way in ("features", _PARTS) if (row := _find(rows, size, engine, way))]
    return min(ways, key=lambda row: row["wall_s"], default=None)


def _goals(rows: Rows) -> list[str]:
    lines = ["| goal | measured | |", "|---|---|---|"]
    for engine, size, goal in (
        ("timeseriesflattener", _SMALL, 4.0),
        ("timeseriesflattener", _MIDDLE, 8.0),
        ("featuretools", _SMALL, 12.0),
        ("polars", _SMALL, 1.0),
        ("polars", _MIDDLE, 1.3),
    ):
        ours, theirs = _find(rows, size, "plumbline"), _fastest(rows, size, engine)
        ratio = theirs["wall_s"] / ours["wall_s"] if ours and theirs else None
        said = f"{goal:g} times as fast as {engine}" if goal > 1 else f"as fast as {engine}"
        lines.append(
            _goal(f"{said}, {size:,} people", ratio, f"{ratio:.1f} times" if ratio else "", lambda r, g=goal: r >= g)
        )
    for size, most in ((_MIDDLE, 1000), (_LARGE, 2000)):
        ours = _find(rows, size, "plumbline")
        peak = ours["peak_mb"] if ours else None
        lines.append(
            _goal(f"under {most:,} MB, {size:,} people", peak, f"{peak:,} MB" if peak else "", lambda p, m=most: p < m)
        )
    middle, large = _find(rows, _MIDDLE, "plumbline"), _find(rows, _LARGE, "plumbline")
    ratio = large["wall_s"] / middle["wall_s"] if middle and large else None
    what = f"{_LARGE:,} people in at most 12 times the time of {_MIDDLE:,}"
    lines.append(_goal(what, ratio, f"{ratio:.1f} times" if ratio else "", lambda r: r <= 12))
    return lines


def _goal(what: str, figure: float | None, shown: str, reached: Any) -> str:
    if figure is None:
        return f"| {what} | not measured | |"
    return f"| {what} | {shown} | {'reached' if reached(figure) else '**not reached**'} |"


def written(page: str) -> str:
    """The page with its made part renewed."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{tables(results())}\n\n{explanations(explained())}\n\n{audits(audited())}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
