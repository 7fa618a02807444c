"""The part of docs/features.md that is made from the models.

Belongs here: the table of kinds and their examples. `python -m features.reference` writes them into the page.
Does not belong here: the page's own text.
"""

from __future__ import annotations

import inspect
from pathlib import Path

from features.fields import EventFeature, Feature
from features.kinds import KINDS, Change
from features.spec import kind_name

BEGIN, END = "<!-- made from the models: python -m features.reference -->", "<!-- end -->"
PAGE = Path(__file__).parents[1] / "docs" / "features.md"


def kinds_table() -> str:
    """The table of kinds and an example of each, as Markdown."""
    lines = ["| kind | the cell | looks at | when there is nothing |", "|---|---|---|---|"]
    for kind in KINDS:
        meaning = (inspect.getdoc(kind) or "").split("\n\n")[0].replace("\n", " ")
        lines.append(f"| `{kind_name(kind)}` | {meaning} | {_looks_at(kind)} | {_nothing(kind)} |")
    examples = "\n".join(kind.example.strip() for kind in KINDS)
    return "\n".join([*lines, "", "```yaml", examples, "```"])


def _looks_at(kind: type[Feature]) -> str:
    if issubclass(kind, EventFeature):
        used = {
            "value": " that carry a value",
            "category": " that carry a category",
            "open": " that are open",
            None: "",
        }
        return "events" + used[kind.needs]
    return "an attribute" if "attribute" in kind.model_fields else "the case"


def _nothing(kind: type[Feature]) -> str:
    if kind is Change:
        return "0 (of a mean: missing), unless declared"
    field = kind.model_fields.get("missing")
    if field is None:
        return "cannot be"
    return {"zero": "0, unless declared", "missing": "missing, unless declared"}[str(field.default)]


def written(page: str) -> str:
    """The page with its made part renewed."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{kinds_table()}\n{END}{after}"


if __name__ == "__main__":  # pragma: no cover
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
