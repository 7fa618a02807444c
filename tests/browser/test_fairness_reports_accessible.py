"""Pages pass axe-core's rules (WCAG 2.2, levels A and AA) and are read with the keyboard alone."""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from fairness_reports.reports import PAGES
from tests.browser.browser import Browser

pytestmark = pytest.mark.browser

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# axe cannot tell what is behind the words of a drawing, and takes a line that is clipped for one that covers what is
# beside it: it sees drawings as what they are to a screen reader, and DRAWN measures the contrast of their words
EMPTY_DRAWINGS = "document.querySelectorAll('svg.chart > g').forEach(each => each.remove())"
OPEN_ALL = "document.querySelectorAll('details').forEach(each => { each.open = true; })"
RUN = """axe.run(document, {runOnly: {type: 'tag', values: %s}, rules: {'color-contrast': {enabled: %s}},
  resultTypes: ['violations', 'incomplete']}).then(found => ({
  violations: found.violations.flatMap(rule => rule.nodes.map(node => [rule.id, node.html.slice(0, 200),
    node.failureSummary])),
  open: found.incomplete.flatMap(rule => rule.nodes.map(node => [rule.id, node.html.slice(0, 200),
    (node.any[0] || node.all[0] || node.none[0] || {message: ''}).message])),
  passed: found.passes.length}))"""
# axe cannot tell what is behind the words of a drawing, and takes a line that is clipped for one that covers what is
# beside it: it sees drawings as what they are to a screen reader, and DRAWN measures the contrast of their words
CLOSE_DRAWINGS = """{ const s = document.createElement('style'); s.textContent = 'svg.chart > g { display: none }';
  document.head.append(s); }"""
OPEN_ALL = "document.querySelectorAll('details').forEach(each => { each.open = true; })"
RUN = """axe.run({exclude: [%s]}, {runOnly: %s, resultTypes: ['violations', 'incomplete']}).then(found => ({
  violations: found.violations.flatMap(rule => rule.nodes.map(node => [rule.id, node.html.slice(0, 200),
    node.failureSummary])),
  open: found.incomplete.flatMap(rule => rule.nodes.map(node => [rule.id, node.html.slice(0, 200),
    (node.any[0] || node.all[0] || node.none[0] || {message: ''}).message])),
  passed: found.passes.length}))"""


@cache
def axe() -> str:
    spec = find_spec("axe_playwright_python")
    assert spec is not None
    assert spec.origin is not None
    return (Path(spec.origin).parent / "axe.min.js").read_text(encoding="utf-8")


def told(browser: Browser, *, colours: bool) -> dict[str, Any]:
    return dict(browser.value(RUN % (json.dumps(RULES), json.dumps(colours))))


@pytest.mark.parametrize("code", ["en", "de"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_passes_the_rules_of_axe(browser: Browser, folder: Path, name: str, code: str) -> None:
    browser.open(folder / code / f"{name}.html", 1280, dark=False)
    browser.value(OPEN_ALL)
    browser.value(EMPTY_DRAWINGS)
    browser.value(axe())
    for width in (1280, 320):
        for dark in (False, True):
            browser.look(width, dark=dark)
            # colours, which take most of the time, change with the scheme and with neither width nor language
            found = told(browser, colours=(width, dark, code) in ((1280, False, "en"), (320, True, "de")))
            assert found["violations"] == [], (width, dark)
            assert found["open"] == [], (width, dark)
            assert found["passed"] > 15


# words and marks of a drawing against what they may stand on: relative luminance as WCAG 2.2 defines it
DRAWN = """(() => {
  const numbers = colour => colour.match(/[0-9.]+/g).map(Number);
  const linear = v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = colour => numbers(colour).slice(0, 3).reduce((sum, v, i) =>
    sum + linear(v / 255) * [.2126, .7152, .0722][i], 0);
  const contrast = (a, b) => (Math.max(light(a), light(b)) + .05) / (Math.min(light(a), light(b)) + .05);
  const probe = document.createElement('p'); probe.style.forcedColorAdjust = 'none'; document.body.append(probe);
  const named = name => { probe.style.color = `var(${name})`; return getComputedStyle(probe).color; };
  const [surface, line, zone] = ['--surface', '--line', '--zone'].map(named);
  const low = [];
  for (const chart of document.querySelectorAll('svg.chart')) {
    for (const text of chart.querySelectorAll('text'))
      for (const behind of [surface, zone]) if (contrast(getComputedStyle(text).fill, behind) < 4.5)
        low.push([text.textContent, getComputedStyle(text).fill, behind]);
    for (const mark of chart.querySelectorAll('path, use')) {
      const { fill, stroke } = getComputedStyle(mark);
      const seen = [fill, stroke].filter(c => c !== 'none' && numbers(c)[3] !== 0);
      // the grid's lines and the strip of what was agreed, which has an edge of its own, are not needed to read it
      if (mark.closest('defs') || seen.some(c => c === line || c === zone) || seen.every(c => c === surface)) continue;
      if (seen.every(c => contrast(c, surface) < 3 || contrast(c, zone) < 3))
        low.push([mark.outerHTML.slice(0, 90), ...seen]);
    }
  }
  probe.remove(); return low; })()"""


@pytest.mark.parametrize("name", PAGES)
def test_drawings_are_seen_in_the_light_in_the_dark_and_on_paper(browser: Browser, folder: Path, name: str) -> None:
    browser.open(folder / "de" / f"{name}.html", 1280, dark=False)
    browser.value(OPEN_ALL)
    assert browser.value(DRAWN) == []
    browser.look(1280, dark=True)
    assert browser.value(DRAWN) == []
    browser.print_media(680)
    assert browser.value(DRAWN) == []
    # where the user sets the colours, drawings take the user's
    for dark in (False, True):
        browser.look(1280, dark=dark, forced_colors="active")
        assert browser.value(DRAWN) == []


KEYBOARD = """[...document.querySelectorAll('a[href], summary, [tabindex="0"]')].filter(e =>
  e.checkVisibility({visibilityProperty: true}))"""
FOCUSED = f"""(() => {{ const e = document.activeElement, style = getComputedStyle(e), r = e.getBoundingClientRect();
  return {{ at: {KEYBOARD}.indexOf(e), outline: style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth),
    seen: r.width > 0 && r.bottom > 0 && r.top < innerHeight && r.left >= 0 && r.left < innerWidth }}; }})()"""


@pytest.mark.parametrize(("code", "width"), [("en", 1280), ("de", 320)])
@pytest.mark.parametrize("name", PAGES)
def test_the_keyboard_reaches_everything_in_order(
    browser: Browser, folder: Path, name: str, code: str, width: int
) -> None:
    browser.open(folder / code / f"{name}.html", width, dark=width == 320)
    browser.value("window.getSelection().removeAllRanges()")
    browser.press("Tab")
    assert browser.value("document.activeElement.className") == "skip"
    assert browser.value(FOCUSED)["seen"]  # the way past the links shows itself
    browser.press("Enter")
    browser.press("Tab")
    links = browser.value("document.querySelectorAll('header a').length")
    at = browser.value(FOCUSED)["at"]
    assert at <= 0 or at > links  # past all of them, or nothing in the page's text takes the keyboard
    browser.press("Tab", shift=True)
    assert browser.value(FOCUSED)["at"] != at  # and back
    browser.open(folder / code / f"{name}.html", width, dark=width == 320)
    folded = browser.value("document.querySelectorAll('summary').length")
    reached = []
    while len(reached) < 2000:
        browser.press("Tab")
        now = browser.value(FOCUSED)
        if now["at"] < 0 or (reached and now["at"] == 0):
            break  # past the last: the browser's own buttons come next, or the first again
        assert now["outline"] >= 2, browser.value("document.activeElement.outerHTML.slice(0, 200)")
        assert now["seen"], browser.value("document.activeElement.outerHTML.slice(0, 200)")
        reached.append(now["at"])
        if browser.value("document.activeElement.tagName === 'SUMMARY' && !document.activeElement.parentElement.open"):
            browser.press("Enter" if len(reached) % 2 else "Space")
            assert browser.value("document.activeElement.parentElement.open")
            folded -= 1
    assert reached == list(range(browser.value(f"{KEYBOARD}.length")))
    assert folded == 0


@pytest.mark.parametrize("name", PAGES)
def test_text_twice_as_large_stays_on_the_page(browser: Browser, folder: Path, name: str) -> None:
    browser.open(folder / "de" / f"{name}.html", 1280, dark=False)
    browser.value(OPEN_ALL)
    browser.value("document.documentElement.style.fontSize = '200%'")
    assert browser.value("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    cut = """[...document.querySelectorAll('main *, header *, footer *')].filter(e => !e.closest('.scroll, svg') &&
      e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 && getComputedStyle(e).overflowX !== 'visible').length"""
    assert browser.value(cut) == 0
