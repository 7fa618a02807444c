"""Every sentence of the overview, the model card, the pages on fairness and on the test, held by a file.

PLUMBLINE_UPDATE_GOLDEN=1 writes them anew.
"""

from __future__ import annotations

import html
import os
import re
from pathlib import Path

import pytest

from fairness_reports.reports import page_html
from tests import fairness_reports_fake as fake
from tests import fairness_reports_fake_audit as audit

HERE = Path(__file__).parent


def sentences(page: str) -> str:
    body = re.sub(r"<style.*?</style>|<svg.*?</svg>", "", page, flags=re.DOTALL)
    body = re.sub(r"</?(?:strong|span|a)\b[^>]*>", " ", body)
    body = re.sub(r"</?code>", "", body)
    lines = (html.unescape(re.sub(r"\s+", " ", line)).strip() for line in re.split(r"<[^>]+>", body))
    return "\n".join(line for line in lines if line) + "\n"


@pytest.mark.parametrize("code", ["en", "de"])
@pytest.mark.parametrize(
    ("verdict", "name"),
    [("fit", "index"), ("not_fit", "index"), ("fit", "model_card"), ("fit", "models"), ("fit", "explanations")],
)
def test_sentences_are_as_agreed(verdict: str, name: str, code: str) -> None:
    held = HERE / f"fairness_reports_{name}_{verdict}_{code}.txt"
    found = sentences(page_html(code, fake.context(verdict), name))
    if os.environ.get("PLUMBLINE_UPDATE_GOLDEN"):
        held.write_text(found, encoding="utf-8")
    assert found == held.read_text(encoding="utf-8")


@pytest.mark.parametrize("code", ["en", "de"])
def test_sentences_on_fairness_are_as_agreed(code: str) -> None:
    held = HERE / f"fairness_reports_fairness_{code}.txt"
    found = sentences(page_html(code, audit.whole(), "fairness"))
    if os.environ.get("PLUMBLINE_UPDATE_GOLDEN"):
        held.write_text(found, encoding="utf-8")
    assert found == held.read_text(encoding="utf-8")
