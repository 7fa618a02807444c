"""Public records of a made-up release, made when a page asks for them; and a charter that answers everything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import Any

from data_contracts.contract import Contract
from fairness_reports.reports import ReportContext
from fairness_reports.transparency import FILES, records
from pipelines.packs import load_pack


@cache
def contract() -> Contract:
    return load_pack("student_support").contract


class Records(Mapping[str, Any]):
    """The records of a context: other pages do not pay for them."""

    def __init__(self, context: ReportContext) -> None:
        self._context = context

    @cached_property
    def _made(self) -> dict[str, Any]:
        return records(self._context, contract())

    def __getitem__(self, name: str) -> Any:
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(FILES)

    def __len__(self) -> int:
        return len(FILES)


def said(name: str) -> dict[str, str]:
    """An answer that names its field in both languages, so that a test finds it."""
    return {"en": f"Told of {name}.", "de": f"Gesagt zu {name}."}


WORDS = (
    "organisation", "team", "region", "process", "previous_process", "benefits", "frequency_and_scale", "human_review",
    "training_of_staff", "appeals", "maintenance", "data_sharing", "data_access_and_storage", "oversight", "response",
    "period", "authority_notified", "label_decided_by", "monitoring", "retirement",
)  # fmt: skip


def everything() -> dict[str, Any]:
    """A section `transparency` in which every field is answered."""
    return {
        **{name: said(name) for name in WORDS},
        "website": "https://example.org/tool",
        "contact": "tool@example.org",
        "phase": "production",
        "third_parties": [
            {
                "company_number": "01234567",
                **{part: said(part) for part in ("name", "role", "procurement", "data_access")},
            }
        ],
        "impact_assessments": [{"title": said("title"), "date": "2026-03-01", "summary": said("summary")}],
        "risks": [{"risk": said("risk"), "mitigation": said("mitigation")}],
        "affected_groups": [said("affected")],
        "harms": [
            {"group": said("group"), "harm": said("harm"), "likelihood": said("likelihood")},
            {"group": said("second"), "harm": said("hurt")},
        ],
    }
