"""Pages in a real browser: nothing is loaded from a network, nothing is complained of, nothing sticks out at 320 px."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairness_reports.reports import PAGES
from tests.browser.browser import Browser

pytestmark = pytest.mark.browser

WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
STICKING_OUT = """[...document.querySelectorAll('main *, header *, footer *')].filter(e =>
  !e.closest('.scroll, .skip, svg, details:not([open])') && e.getBoundingClientRect().right >
  document.documentElement.clientWidth + 1).map(e => e.outerHTML.slice(0, 80))"""
UNREACHABLE = """[...document.querySelectorAll('.scroll')].filter(e =>
  e.scrollWidth > e.clientWidth && e.tabIndex < 0).length"""
CUT = """[...document.querySelectorAll('svg.chart')].filter(s => s.getBoundingClientRect().width > 0).flatMap(s =>
  [...s.querySelectorAll('text')].filter(t => { const r = t.getBoundingClientRect();
  return r.right > document.documentElement.clientWidth || r.left < 0; }).map(t => t.textContent))"""
OVERLAP = """[...document.querySelectorAll('svg.chart')].flatMap(s => { const seen = [...s.querySelectorAll('text')]
  .map(t => [t.textContent, t.getBoundingClientRect()]); return seen.flatMap(([a, p], i) => seen.slice(i + 1)
  .filter(([b, q]) => p.left < q.right - 1 && q.left < p.right - 1 && p.top < q.bottom - 3 && q.top < p.bottom - 3)
  .map(([b]) => a + ' | ' + b)); })"""


@pytest.mark.parametrize("code", ["en", "de"])
@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("width", "dark"), [(320, False), (1280, True)])
def test_a_page_stands_alone_and_fits(
    browser: Browser, folder: Path, name: str, code: str, width: int, dark: bool
) -> None:
    _stands_alone(browser, folder / code / f"{name}.html", width, dark=dark)


@pytest.mark.parametrize(("width", "dark", "code"), [(320, True, "de"), (1280, False, "en")])
def test_the_page_of_a_foreign_table_stands_alone(
    browser: Browser, foreign: Path, width: int, dark: bool, code: str
) -> None:
    _stands_alone(browser, foreign / code / "fairness.html", width, dark=dark)


def _stands_alone(browser: Browser, path: Path, width: int, *, dark: bool) -> None:
    browser.open(path, width, dark=dark)
    browser.value("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    assert browser.value("document.querySelectorAll('main section').length") > 0
    assert browser.value(WIDER) <= 0
    assert browser.value(STICKING_OUT) == []
    assert browser.value(UNREACHABLE) == 0
    assert browser.value(CUT) == []
    assert browser.value(OVERLAP) == []
    asked = [e["params"]["request"]["url"] for e in browser.events if e.get("method") == "Network.requestWillBeSent"]
    assert set(asked) <= {path.as_uri()}
    complaints = [e for e in browser.events if e.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown")]
    assert complaints == []
    background = browser.value("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(18, 23, 28)") == dark


@pytest.mark.parametrize("code", ["en", "de"])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_cut_on_paper(browser: Browser, folder: Path, name: str, code: str) -> None:
    browser.open(folder / code / f"{name}.html", 680, dark=False)
    browser.print_media(680)  # A4 less its margins
    assert browser.value(WIDER) <= 0
    assert (
        browser.value("[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth).length")
        == 0
    )
    assert browser.value("document.querySelector('.notice').getBoundingClientRect().height") > 0
