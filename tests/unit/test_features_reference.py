"""The table in docs/features.md says what the models say."""

from __future__ import annotations

from features.kinds import KINDS
from features.reference import PAGE, kinds_table, written


def test_the_page_is_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == written(page), "run: python -m features.reference"
    assert kinds_table() in page


def test_every_kind_stands_in_the_table() -> None:
    assert len([line for line in kinds_table().splitlines() if line.startswith("| `")]) == len(KINDS)
