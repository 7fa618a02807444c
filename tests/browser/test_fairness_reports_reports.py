"""Pages in a real browser: nothing is loaded from a network, nothing is complained of, nothing sticks out at 320 px."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fairness_reports.reports import PAGES, page_html, render
from fairness_reports.reports.foreign import render_audit
from fairness_reports.reports.language import LANGUAGES
from tests import fairness_reports_fake as fake
from tests import fairness_reports_fake_audit as audit
from tests.unit.test_fairness_reports_foreign import ABOUT, table

pytestmark = pytest.mark.browser

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe",
]  # fmt: skip


class Browser:
    """Chromium over its debugging pipe: messages are JSON that ends with a zero byte."""

    def __init__(self, program: str, profile: Path) -> None:
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()

        def connect() -> None:  # the browser reads from descriptor 3 and writes to 4
            ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 100) for end in (theirs_in, theirs_out)]
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        self._process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={profile}"], preexec_fn=connect, pass_fds=(3, 4),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(theirs_in)
        os.close(theirs_out)
        self._number, self._rest = 0, b""
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.page(f"{domain}.enable")

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        os.write(self._out, json.dumps(message | ({"sessionId": session} if session else {})).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return dict(answer["result"])
            self.events.append(answer)

    def page(self, method: str, **params: Any) -> dict[str, Any]:
        return self.call(method, self._session, **params)

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            chunk = os.read(self._in, 1 << 16)
            assert chunk, "the browser is gone"
            self._rest += chunk
        message, self._rest = self._rest.split(b"\0", 1)
        return dict(json.loads(message))

    def open(self, path: Path, width: int, *, dark: bool) -> None:
        self.events.clear()
        self.page("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.page("Emulation.setEmulatedMedia", features=scheme)
        self.page("Page.navigate", url=path.as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._read())

    def print_media(self, width: int) -> None:
        self.page("Emulation.setEmulatedMedia", media="print")
        self.page("Emulation.setDeviceMetricsOverride", width=width, height=960, deviceScaleFactor=1, mobile=False)

    def value(self, expression: str) -> Any:
        return self.page("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=20)
        os.close(self._out)
        os.close(self._in)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("Debian's chromium is not installed; .ci/run installs it")
    opened = Browser(program, tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    render(folder, fake.context(simulated=True))
    for code in LANGUAGES:
        page = page_html(code, audit.whole(), "fairness")
        (folder / "reports" / code / "fairness.html").write_text(page, encoding="utf-8")
    return folder / "reports"


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("foreign")
    render_audit(folder, table(), ABOUT)
    return folder / "reports"


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
