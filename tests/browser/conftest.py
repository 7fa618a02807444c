"""One browser and one set of pages for all tests of a worker."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from fairness_reports.language import LANGUAGES
from fairness_reports.reports import page_html, render
from fairness_reports.reports.foreign import render_audit
from tests import fairness_reports_fake as fake
from tests import fairness_reports_fake_audit as audit
from tests.browser.browser import Browser
from tests.unit.test_fairness_reports_foreign import ABOUT, table


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("Debian's chromium is not installed; .ci/run installs it")
    opened = Browser(program, tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    render(folder, fake.context(simulated=True))
    for code in LANGUAGES:
        page = page_html(code, audit.whole(), "fairness")
        (folder / "reports" / code / "fairness.html").write_text(page, encoding="utf-8")
    return folder / "reports"


@pytest.fixture(scope="session")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("foreign")
    render_audit(folder, table(), ABOUT)
    return folder / "reports"
