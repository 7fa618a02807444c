"""The page of one case passes axe-core's rules (WCAG 2.2, levels A and AA) and fits a telephone."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairness_reports.language import LANGUAGES, Language
from fairness_reports.reports.case import case_page
from tests.browser.browser import Browser
from tests.browser.test_fairness_reports_accessible import axe, told
from tests.unit.test_fairness_reports_case import whole_case

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_page_of_one_case_passes_the_rules_of_axe(browser: Browser, tmp_path: Path, code: str) -> None:
    page = tmp_path / "case.html"
    page.write_text(case_page(Language(code), whole_case()), encoding="utf-8")
    browser.open(page, 1280, dark=False)
    browser.value(axe())
    for width in (1280, 320):
        for dark in (False, True):
            browser.look(width, dark=dark)
            found = told(browser, colours=True)
            assert found["violations"] == [], (width, dark)
            assert found["open"] == [], (width, dark)
            assert found["passed"] > 15
            assert browser.value("document.documentElement.scrollWidth <= innerWidth"), width
