"""Every sentence of one case, held by a file.

PLUMBLINE_UPDATE_GOLDEN=1 writes them anew.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fairness_reports.language import LANGUAGES, Language
from fairness_reports.reports.case import case_text
from tests.unit.test_fairness_reports_case import whole_case

HERE = Path(__file__).parent


@pytest.mark.parametrize("code", LANGUAGES)
def test_sentences_on_one_case_are_as_agreed(code: str) -> None:
    held = HERE / f"fairness_reports_case_{code}.txt"
    found = case_text(Language(code), whole_case()) + "\n"
    if os.environ.get("PLUMBLINE_UPDATE_GOLDEN"):
        held.write_text(found, encoding="utf-8")
    assert found == held.read_text(encoding="utf-8")
