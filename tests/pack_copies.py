"""Copies of the built-in packs for tests: quick to run, easy to meet, or spoilt in one place.

Belongs here: copying a pack, changing its files, and making a full run a matter of seconds.
Does not belong here: data (`plumbline dummy` makes them), or what a test asserts.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from pipelines.packs import BUILT_IN

EASY_PEOPLE = 2500
"""So many people give a fast copy of family_support about 125 outcomes in its test (100 are needed), and so scores."""


def copy_pack(to: Path, source: str = "family_support") -> Path:
    """A copy of a built-in pack as it is: `to` is the new folder."""
    return Path(shutil.copytree(BUILT_IN / source, to))


def replace(pack: Path, file: str, old: str, new: str, *, count: int = 1) -> int:
    """Replace a text that stands `count` times in a file (line numbers stay) and return the line of the first."""
    path = pack / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == count, f"{file} holds {old!r} {text.count(old)} times, not {count}"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def change(pack: Path, file: str, edit: Callable[[dict[str, Any]], None]) -> None:
    """Change a file's content in place; comments and line numbers go."""
    path = pack / file
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    edit(content)
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")


def without_vignettes(pack: Path) -> None:
    """Leave the fictional cases out: a copy with other features or little to learn from may order them otherwise."""
    (pack / "vignettes.yaml").unlink(missing_ok=True)


def loosen(pack: Path) -> None:
    """Thresholds that any model meets: the verdict is fit wherever there are outcomes enough."""
    without_vignettes(pack)
    why = {"en": "For a test.", "de": "Für einen Test."}

    def edit(charter: dict[str, Any]) -> None:
        charter["performance"] = [{"metric": "auc", "at_least": 0.3, "bound": "estimate", "reason": why}]
        charter["fairness"] = [{"metric": "fnr", "attribute": "sex", "tolerance": 0.99, "reason": why}]

    change(pack, "charter.yaml", edit)


def thin(pack: Path, models: tuple[str, ...] = ("base_rate", "logistic")) -> None:
    """Few candidates, splits and evaluations, no crossed groups, no options; core, cohort and features stay."""

    def edit(programme: dict[str, Any]) -> None:
        # one setting instead of a grid: a sixth of a fresh run
        one = {"logistic": {"name": "logistic", "params": {"inverse_penalty": 0.1}}}
        programme["candidates"] = {"models": [one.get(name, name) for name in models]}
        programme["splits"] = {"last": 2}
        programme["protected"] = {"attributes": programme["protected"]["attributes"], "intersections": "none"}
        programme["evaluation"] = {"without_each_factor": False, "learning": []}  # as many fits as all of the rest
        programme.pop("mitigation", None)

    change(pack, "programme.yaml", edit)


def fast_pack(to: Path, source: str = "family_support", models: tuple[str, ...] = ("base_rate", "logistic")) -> Path:
    """A copy whose full run is quick and, with `EASY_PEOPLE` or more, ends with scores (exit code 0)."""
    pack = copy_pack(to, source)
    loosen(pack)
    thin(pack, models)
    return pack


SMALL_TABLES = ("persons", "memberships", "cases", "referrals", "placements")


def shrink(pack: Path) -> None:
    """Leave only the tables of `SMALL_TABLES` in the pack: most of a run's time goes into their rules."""
    without_vignettes(pack)

    def contract(content: dict[str, Any]) -> None:
        content["schema"] = [table for table in content["schema"] if table["name"] in SMALL_TABLES]

    def programme(content: dict[str, Any]) -> None:
        core = content["core"]
        core["event"] = [event for event in core["event"] if event["table"] in SMALL_TABLES]
        del core["coverage"]
        types = {event["constants"]["event_type"] for event in core["event"]}
        content["features"] = [f for f in content["features"] if "events" not in f or f["events"]["type"] in types]

    change(pack, "contract.odcs.yaml", contract)
    change(pack, "programme.yaml", programme)


def small_pack(to: Path) -> Path:
    """A fast copy with few tables, for tests of how a run ends; a delivery for the whole pack serves it too."""
    pack = fast_pack(to)
    shrink(pack)
    return pack
