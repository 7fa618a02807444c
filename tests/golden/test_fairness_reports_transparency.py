"""Every sentence of the page of public records, held by a file: with nothing said, and with everything said.

PLUMBLINE_UPDATE_GOLDEN=1 writes them anew.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fairness_reports.reports import page_html
from tests import fairness_reports_fake as fake
from tests.fairness_reports_fake_records import everything
from tests.golden.test_fairness_reports_reports import sentences

HERE = Path(__file__).parent


@pytest.mark.parametrize("code", ["en", "de"])
@pytest.mark.parametrize("told", ["nothing", "everything"])
def test_sentences_are_as_agreed(told: str, code: str) -> None:
    held = HERE / f"fairness_reports_transparency_{told}_{code}.txt"
    section = everything() if told == "everything" else None
    context = fake.context(charter=fake.charter(transparency=section), horizon="90d")
    found = sentences(page_html(code, context, "transparency"))
    if os.environ.get("PLUMBLINE_UPDATE_GOLDEN"):
        held.write_text(found, encoding="utf-8")
    assert found == held.read_text(encoding="utf-8")
