"""No text that enters a page or a sheet becomes markup, a script, a formula or a link; all of it is shown as it is."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Mapping
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from fairness_reports.language import LANGUAGES
from fairness_reports.release_tables import typed
from fairness_reports.release_workbook import write_xlsx
from fairness_reports.reports import PAGES, page_html
from fairness_reports.reports.charts import Point, intervals
from fairness_reports.reports.foreign import render_audit
from fairness_reports.reports.home import home_html
from fairness_reports.reports.standing import ProgrammeLine
from fairness_reports.scored_file import AuditRequest, audit_table, write_results
from tests import fairness_reports_planted as planted
from tests.fairness_reports_planted import FORMULAS, HARMLESS, MARKUP
from tests.unit.test_fairness_reports_foreign import ABOUT, table
from tests.unit.test_fairness_reports_scored_file_run import people

pytestmark = pytest.mark.slow

DRAWN = {"svg", "title", "desc", "g", "path", "use", "text", "tspan", "defs", "clippath", "rect"}
"""What a drawing is made of."""


class Skeleton(HTMLParser):
    """Elements and the names of their attributes, without what a drawing is made of; and the text between them."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.drawn: set[str] = set()
        self.links: set[str] = set()
        self.text = ""
        self._svg = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = tuple(name for name, _ in attrs)
        assert not [each for each in names if each.startswith("on")], names
        self.links |= {value or "" for name, value in attrs if name in ("href", "src", "action", "xlink:href")}
        if self._svg:
            self.drawn.add(tag)
        else:
            self.elements.append((tag, names))
        self._svg += tag == "svg"

    def handle_endtag(self, tag: str) -> None:
        self._svg -= tag == "svg"

    def handle_data(self, data: str) -> None:
        if not self._svg:
            self.text += data


def skeleton(page: str) -> Skeleton:
    made = Skeleton()
    made.feed(page)
    made.close()
    return made


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


@cache
def pages(plant: str) -> Mapping[tuple[str, str], Skeleton]:
    context = planted.context(plant)
    return {(name, code): skeleton(page_html(code, context, name)) for name in PAGES for code in LANGUAGES}


def check(made: Skeleton, harmless: Skeleton, least: int, *, stated: bool = True) -> None:
    """Both pages are built alike, and what one shows of the markup the other shows of the harmless letters."""
    if stated:
        assert made.elements == harmless.elements
    assert set(made.elements) <= set(harmless.elements)
    assert made.drawn <= DRAWN
    assert made.links == harmless.links or not [link for link in made.links if re.match(r"\s*(\w+:|//)", link)]
    assert "&lt;" not in made.text  # escaped twice
    shown = flat(made.text).count(flat(MARKUP))
    assert shown == flat(harmless.text).count(flat(HARMLESS)) or not stated
    assert shown >= least


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_planted_markup_is_text_on_every_page(name: str, code: str) -> None:
    # what a charter says in angle brackets is a placeholder that nobody filled in: it is listed as missing
    stated = name not in ("model_card", "transparency")
    check(pages(MARKUP)[name, code], pages(HARMLESS)[name, code], least=3, stated=stated)


def test_the_page_of_a_foreign_table_and_the_home_show_markup_as_text(tmp_path: Path) -> None:
    made = {}
    for plant in (MARKUP, HARMLESS):
        about = {name: planted.everywhere(value, plant, name) for name, value in ABOUT.items() if name != "by"}
        about["by"] = [each + plant for each in ABOUT["by"]]
        folder = tmp_path / str(plant is MARKUP)
        foreign = [
            skeleton(path.read_text("utf-8")) for path in render_audit(folder, planted.frame(table(), plant), about)
        ]
        both = {"en": "Title" + plant, "de": "Titel" + plant}
        line = ProgrammeLine("p", both, both, "fit", "2014-10-31", "r", None, simulated=True)
        made[plant] = [*foreign, *(skeleton(home_html(code, [line])) for code in LANGUAGES)]
    for ours, harmless in zip(made[MARKUP], made[HARMLESS], strict=True):
        check(ours, harmless, least=1)


def test_the_words_of_a_drawing_are_drawn_as_they_are() -> None:
    hard = '<b>"&\'</b> $\\alpha$ #010101 id="q" url(#a)'
    svg = intervals([Point(hard, 0.5, 0.4, 0.6, note="]]>")], identity="c", title=hard, description=hard + "</desc>",
                    axis="-->", tick="{:.1f}".format).svg  # fmt: skip
    made = HTMLParser()
    texts: list[str] = []
    tags: Counter[str] = Counter()
    made.handle_data = texts.append  # type: ignore[method-assign]
    made.handle_starttag = lambda tag, attrs: tags.update([tag])  # type: ignore[method-assign]
    made.feed(str(svg))
    whole = flat(" ".join(texts))
    assert set(tags) <= DRAWN
    assert whole.count("$\\alpha$") == 3
    assert '#010101 id="q" url(#a)' in " ".join(flat(each) for each in texts if each.strip())
    assert "]]>" in whole
    assert "-->" in whole


def _formula_tables() -> dict[str, pd.DataFrame]:
    context = planted.context("")
    tables = {name: getattr(context, name).copy() for name in ("metrics", "fairness", "factors", "quality")}
    for number, made in enumerate(tables.values()):
        for column in made.columns:
            if made[column].map(lambda value: isinstance(value, str)).any():
                made[column] = [
                    f"{FORMULAS[(number + at) % len(FORMULAS)]}{value}" if isinstance(value, str) else value
                    for at, value in enumerate(made[column])
                ]
    return tables


def test_a_workbook_has_no_formula_and_no_link_and_all_text_as_it_was(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    tables = _formula_tables()
    arrow = {name: typed(name, "open", made) for name, made in tables.items()}
    path = tmp_path / "tables.xlsx"
    write_xlsx(arrow, path, "\n".join(FORMULAS))
    book = load_workbook(path)
    shown = set()
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f", cell.value
                assert cell.hyperlink is None
                if isinstance(cell.value, str):
                    shown.add(re.sub("_x000D_|\r", "\n", cell.value))
                    assert cell.quotePrefix or not cell.value.startswith(("=", "+", "-", "@")), cell.value
    wanted = {text for made in arrow.values() for column in made.columns for text in column.to_pylist()
              if isinstance(text, str)}  # fmt: skip
    assert {text.replace("\r", "\n") for text in wanted} <= shown
    with zipfile.ZipFile(path) as inside:
        for member in inside.namelist():
            assert "externalLink" not in member
            content = inside.read(member).decode("utf-8", "replace")
            assert "<f>" not in content
            assert "<hyperlink" not in content


def test_the_files_of_an_audit_hold_no_formula(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    groups = [text for text in FORMULAS if text.strip()]
    frame = people(60 * len(groups))
    column = "=1+1;@x <b>"
    frame[column] = [groups[at % len(groups)] for at in range(len(frame))]
    path = tmp_path / "=cmd <i>.parquet"
    frame.to_parquet(path)
    request = AuditRequest(
        file=path, out=tmp_path / "out", outcome="y", score="score", by=(column,), at=0.5, replicates=20
    )
    write_results(tmp_path / "out", audit_table(request))
    text = (tmp_path / "out" / "fairness.csv").read_text(encoding="utf-8")
    for delimiter in (",", ";", "\t"):  # whichever separator a spreadsheet program expects
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            for cell in row:
                bare = cell.strip().strip('"').strip("\ufeff")
                assert not re.match(r"[=+@＝]|-(?![\d.]+(e-?\d+)?$)", bare), (delimiter, cell)
    cells = [
        cell for sheet in load_workbook(tmp_path / "out" / "tables.xlsx") for row in sheet.iter_rows() for cell in row
    ]
    assert not [cell.value for cell in cells if cell.data_type == "f" or cell.hyperlink]
    assert '=HYPERLINK("http://x.example","y")' in {cell.value for cell in cells}
    for page in (tmp_path / "out").rglob("*.html"):
        assert "<b>" not in page.read_text(encoding="utf-8")
        assert "<i>" not in page.read_text(encoding="utf-8")
