"""Markup that is planted in every text of a page runs nothing, loads nothing and breaks no layout in a browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairness_reports.reports import PAGES, page_html
from tests import fairness_reports_planted as planted
from tests.browser.browser import Browser

pytestmark = pytest.mark.browser

FOREIGN = "document.querySelectorAll('script, img, iframe, object, embed, form, [onclick], [onerror], [onload]').length"
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("name", PAGES)
def test_planted_markup_does_nothing(browser: Browser, tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.html"
    path.write_text(page_html("de", planted.context(planted.MARKUP), name), encoding="utf-8")
    browser.open(path, 320, dark=False)
    browser.value("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    assert browser.value(FOREIGN) == 0
    assert browser.value("document.body.innerText.includes('<script>alert(1)</script>')")
    assert browser.value(WIDER) <= 0  # not even very long words push a page wider
    seen = {event.get("method") for event in browser.events}
    assert not seen & {"Page.javascriptDialogOpening", "Runtime.exceptionThrown", "Log.entryAdded"}
    asked = {e["params"]["request"]["url"] for e in browser.events if e.get("method") == "Network.requestWillBeSent"}
    assert asked <= {path.as_uri()}
