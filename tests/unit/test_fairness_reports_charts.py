"""Charts are part of a page: no foreign ids, colours or fonts, readable without seeing them."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

from fairness_reports.reports.charts import Chart, Point, intervals
from fairness_reports.reports.charts_gaps import Step, over_time, waterfall
from fairness_reports.reports.charts_options import Option, options

POINTS = [
    Point("women & <b>$x_1$</b>", 0.02, -0.01, 0.05, "within", "within"),
    Point("a label that is a good deal longer than one line of the chart can be", -0.1, -0.2, -0.07, "outside", "no"),
    Point("not known well", 0.05, 0.01, 0.09, "cannot_tell", "cannot tell"),
    Point("no interval", 0.03),
]  # fmt: skip


def chart(identity: str = "c1", points: list[Point] | None = None, **settings: object) -> Chart:
    fixed = {"zero": 0.0, "tolerance": 0.06, **settings}
    return intervals(
        POINTS if points is None else points,
        identity=identity,
        title="Title & more",
        description="What it shows",
        axis="difference",
        tick=lambda value: f"{value * 100:.0f}",
        **fixed,  # type: ignore[arg-type]  # settings differ from test to test
    )


def test_the_drawing_has_a_title_a_description_and_its_words_as_text() -> None:
    tree = ElementTree.fromstring(str(chart().svg))
    texts = ["".join(node.itertext()) for node in tree.iter() if node.tag.endswith("text")]
    assert [child.tag.split("}")[-1] for child in tree][:2] == ["title", "desc"]
    assert tree.attrib["role"] == "img"
    assert tree.attrib["aria-labelledby"] == "c1-title c1-desc"
    assert "women & <b>$x_1$</b>" in texts
    assert {"within", "no", "cannot tell", "difference"} <= set(texts)
    assert any(text.startswith("a label that") for text in texts)
    assert "of the chart can be" in " ".join(texts)


def test_nothing_points_outside_and_ids_are_its_own() -> None:
    svg = str(chart().svg)
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "").replace("http://www.w3.org/1999/xlink", "")
    assert "<style" not in svg
    assert "<metadata" not in svg
    assert "font-family" not in svg
    ids = re.findall(r' id="([^"]+)"', svg)
    assert all(each.startswith("c1-") for each in ids)
    assert len(ids) == len(set(ids))
    for reference in re.findall(r'(?:href="#|url\(#)([^")]+)', svg):
        assert reference in ids


def test_colours_come_from_the_page() -> None:
    svg = str(chart().svg)
    assert not re.findall(r"#[0-9a-f]{6}\b", svg)
    assert {"var(--good)", "var(--bad)", "var(--unsure)", "var(--zone)"} <= set(re.findall(r"var\(--\w+\)", svg))


def test_states_differ_without_colour() -> None:
    shapes = set()
    for state in ("within", "outside", "cannot_tell"):
        svg = str(chart(points=[Point("x", 0.0, -0.1, 0.1, state)]).svg)
        shapes.add(re.sub(r"var\(--\w+\)|[mp][0-9a-f]{10}", "", svg))
    assert len(shapes) == 3


def test_the_same_figures_give_the_same_drawing() -> None:
    assert chart().svg == chart().svg
    assert chart(bars=True, tolerance=None).svg == chart(bars=True, tolerance=None).svg


def test_bars_no_zero_and_nothing_at_all() -> None:
    bars = chart(points=[Point("a", 0.3, 0.2, 0.4), Point("b", 0.1)], bars=True, tolerance=None)
    assert "var(--accent)" in bars.svg
    assert "var(--zone)" not in chart(zero=None, tolerance=None).svg
    assert "difference" in chart(points=[]).svg
    assert "difference" in chart(points=[Point("a", 0.0)], limits=(0.0, 1.0)).svg
    assert chart(points=[Point("a", 0.0)], tolerance=None).svg


def fixed(identity: str) -> dict[str, object]:
    return {"identity": identity, "title": "T", "description": "D", "axis": "steps", "tick": str}


def test_a_waterfall_ends_at_its_sum_and_shows_its_direction_without_colour() -> None:
    steps = [Step("first <b>", 0.3, 0.2, 0.4, "+0.30"), Step("second", -0.1, None, None, "−0.10")]
    svg = str(waterfall(steps, Step("sum", 0.2, 0.1, 0.3, "+0.20"), **fixed("w")).svg)  # type: ignore[arg-type]
    tree = ElementTree.fromstring(svg)
    texts = ["".join(node.itertext()) for node in tree.iter() if node.tag.endswith("text")]
    assert {"first <b>", "second", "sum", "+0.30", "−0.10", "+0.20", "steps"} <= set(texts)
    assert {"var(--accent)", "var(--surface)", "var(--ink)"} <= set(re.findall(r"fill: (var\(--\w+\))", svg))
    assert not re.findall(r"#[0-9a-f]{6}\b", svg)


def test_points_in_time_stand_under_their_group_with_the_name_of_the_period() -> None:
    course = ("women", [Point("2013J", 0.02, 0.0, 0.04), Point("2014-10-31-4f2a91", 0.05, 0.01, 0.09, "outside")])
    svg = str(over_time([course], zero=0.0, tolerance=0.03, **fixed("t")).svg)  # type: ignore[arg-type]
    texts = ["".join(node.itertext()) for node in ElementTree.fromstring(svg).iter() if node.tag.endswith("text")]
    assert {"women", "2013J", "2014-10-31-…"} <= set(texts)
    assert over_time([course], **fixed("t")).svg == over_time([course], **fixed("t")).svg  # type: ignore[arg-type]


def test_options_are_told_apart_by_shape_and_number() -> None:
    shapes = set()
    for at in range(4):
        points = [Option(f"way {i}", 0.1 * i, 0.2, (0.0, 0.4), None, i == 0) for i in range(5)]
        svg = str(options(points, **axes("o")).svg)  # type: ignore[arg-type]
        found = re.findall(r'<path id="o-(m[0-9a-f]+)" d="([^"]+)"', svg)
        shapes |= {path for _, path in found}
        assert f"{at + 1}  way {at}" in " ".join(ElementTree.fromstring(svg).itertext())
    assert len(shapes) >= 5


def placed(svg: str) -> dict[str, tuple[float, float]]:
    """Where each text of a drawing stands."""
    found = {}
    for node in ElementTree.fromstring(svg).iter():
        if node.tag.endswith("text"):
            x, y = node.get("x"), node.get("y")
            if x is None or y is None:
                at = re.search(r"translate\(([-0-9.]+) ([-0-9.]+)\)", node.get("transform", ""))
                assert at is not None
                x, y = at.groups()
            found["".join(node.itertext())] = (float(x), float(y))
    return found


def test_points_that_cover_one_another_share_a_label_and_no_label_covers_another() -> None:
    same = [Option(f"way {i}", 0.0021 + 0.0001 * (i % 2), 0.39, (0.0, 0.009), (0.35, 0.43), i == 0) for i in range(4)]
    points = [*same, Option("a", 0.0018, 0.413, (0.0, 0.008), (0.37, 0.45)), Option("b", 0.0125, 0.335)]
    svg = str(options(points, **axes("o")).svg)  # type: ignore[arg-type]
    numbers = {text: at for text, at in placed(svg).items() if text in ("1, 2, 3, 4", "5", "6")}
    assert len(numbers) == 3
    for text, (x, y) in numbers.items():
        for other, (other_x, other_y) in numbers.items():
            assert text == other or abs(y - other_y) > 10 or abs(x - other_x) > 3 * (len(text) + len(other))


def test_a_long_number_at_the_end_of_an_axis_is_not_cut_off() -> None:
    steps = [Step("first", -0.0021, None, None, "−0.0021")]
    words = {**fixed("w"), "tick": "{:.4f}".format}
    svg = str(waterfall(steps, Step("sum", -0.0029, -0.003, -0.002), **words).svg)  # type: ignore[arg-type]
    anchors = {
        "".join(node.itertext()): node.get("style", "")
        for node in ElementTree.fromstring(svg).iter()
        if node.tag.endswith("text")
    }
    assert "text-anchor: middle" in anchors["-0.0020"]
    assert "text-anchor: middle" not in anchors["-0.0030"]


def axes(identity: str) -> dict[str, object]:
    words = {"identity": identity, "title": "T", "description": "D", "x_axis": "gap", "y_axis": "found"}
    return {**words, "x_tick": str, "y_tick": str}
