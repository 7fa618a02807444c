"""No page is larger than 1 MB, whatever a release holds, and what is left out is said."""

from __future__ import annotations

import pytest
from markupsafe import Markup

from benchmarks.reporting import large
from fairness_reports.language import Language
from fairness_reports.reports import PAGES, ReportContext, page_html, sizes
from fairness_reports.reports.charts import Chart
from fairness_reports.reports.layout import Fold, Page, Picture, Pictures, Section, Table
from fairness_reports.reports.sizes import LARGEST, fitting
from tests import fairness_reports_fake as fake

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def big() -> ReportContext:
    return large(100_000)


def test_every_page_of_a_large_release_is_below_1_mb(big: ReportContext) -> None:
    for name in PAGES:
        if name != "fairness":
            assert len(page_html("en", big, name).encode()) < LARGEST, name


def test_the_largest_page_says_what_it_leaves_out(big: ReportContext, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(page_html("de", big, "fairness").encode()) < LARGEST
    monkeypatch.setattr(sizes, "LARGEST", 700_000)
    page = page_html("de", big, "fairness")
    assert len(page.encode()) < 700_000
    assert "weitere Zeilen stehen nicht hier, sondern in der Datei tables.xlsx der Ausgabe." in page


def shown(page: Page) -> str:
    """Every table, wherever it stands, as text."""
    found: list[Table] = []
    for block in page.sections[0].blocks:
        found += [block] if isinstance(block, Table) else []
        found += [each for each in block.blocks if isinstance(each, Table)] if isinstance(block, Fold) else []
        found += [each.table for each in block.items if each.table] if isinstance(block, Pictures) else []
    return "".join(f"<{'|'.join(str(row[0]) for row in table.rows)}>{table.more}" for table in found)


def made(rows: int, letters: int) -> Page:
    table = Table("t", ["a"], [[f"{k:0{letters}d}"] for k in range(rows)])
    chart = Chart(Markup(""), "", "")
    return Page("p", [Section("s", [table, Fold("f", [table]), Pictures([Picture(chart, table), Picture(chart)])])])


def test_a_page_that_fits_stays_whole() -> None:
    page = made(1000, 100)
    assert fitting(Language("en"), page, shown) == shown(page)


def test_tables_are_cut_no_further_than_needed_and_the_first_rows_stay() -> None:
    found = fitting(Language("en"), made(1000, 2000), shown)
    assert len(found.encode()) < LARGEST
    assert found.count("850 more rows are not shown here.") == 3, "in a fold and under a picture, too"
    assert "0" * 2000 in found
    further = fitting(Language("en"), made(1000, 5000), shown)
    assert further.count("940 more rows") == 3


@pytest.mark.parametrize("code", ["en", "de"])
def test_every_page_is_below_1_mb_where_each_day_is_a_cohort(code: str) -> None:
    context = fake.many_days()
    assert len(context.cohorts) > 2700
    for name in PAGES:
        page = page_html(code, context, name).encode()
        assert len(page) < LARGEST / 4, name
