"""Pages printed to PDF: all of their text is on the paper, inside its margins, with what is folded unfolded."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fairness_reports.reports import PAGES
from tests.browser.browser import Browser

pytestmark = pytest.mark.browser

MARGIN = 15 / 25.4 * 72  # left and right, in points: style.css, @page
A4 = (595.3, 841.9)
SLACK = 1.5

# every run of text that paper should show, in the order of the page; what is only for screens or ears is not
TEXTS = """(() => { const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT); const found = [];
  while (walker.nextNode()) { const text = walker.currentNode, e = text.parentElement;
    if (e.closest('title, desc, caption.quiet, nav, .skip, .language, style, figure summary')) continue;
    if (text.textContent.trim()) found.push(getComputedStyle(e).textTransform === 'uppercase'
      ? text.textContent.toUpperCase() : text.textContent); }
  return found; })()"""


def plain(text: str) -> str:
    """Letters and digits only: where a line ends, and the hyphen at its end, is the browser's business."""
    return re.sub(r"[\W_]+", "", text)


def stands(text: str, whole: str) -> bool:
    """Whether it is printed, perhaps from the foot of one sheet to the head of the next."""
    if text in whole:
        return True
    return any(text[:at] in whole and text[at:] in whole for at in range(1, len(text)))


@pytest.mark.parametrize("code", ["en", "de"])
@pytest.mark.parametrize("name", PAGES)
def test_a_printed_page_holds_all_text_inside_its_margins(browser: Browser, folder: Path, name: str, code: str) -> None:
    import pypdfium2

    browser.open(folder / code / f"{name}.html", 1280, dark=True)  # people print from dark screens, too
    wanted = [plain(text) for text in browser.value(TEXTS)]
    pdf = pypdfium2.PdfDocument(browser.pdf())
    texts = []
    for page in pdf:
        assert page.get_size() == pytest.approx(A4, abs=1)
        letters = page.get_textpage()
        texts.append(letters.get_text_bounded())
        assert texts[-1].strip(), "an empty sheet"
        for at in range(letters.count_chars()):
            left, bottom, right, top = letters.get_charbox(at)
            if right > left:
                letter = letters.get_text_range(at, 1)
                assert left >= MARGIN - SLACK, (letter, texts[-1][-200:])
                assert right <= A4[0] - MARGIN + SLACK, (letter, texts[-1][-200:])
                assert 20 <= bottom < top <= A4[1] - 20
    whole = plain("".join(texts))
    assert [text for text in wanted if not stands(text, whole)] == []
