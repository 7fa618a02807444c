"""Runs that end without scores: the open part is released and says why; exit code 3."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.conftest import CANARY, Command, left, lines, put, write

DAY = ("--as-of", "2025-01-01")


def _release(home: Path) -> Path:
    folder = home / "releases" / "family_support"
    return folder / (folder / "current").read_text(encoding="utf-8").strip()


def _text(page: Path) -> str:
    """What a reader sees of a page."""
    source = page.read_text(encoding="utf-8")
    body = re.sub(r"<(script|style|svg).*?</\1>", " ", source, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body)))


def _descriptive(home: Path) -> dict[str, object]:
    """Assert that the current release is whole, readable and without a model; its manifest."""
    release = _release(home)
    manifest: dict[str, object] = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["verdict"] == "descriptive_only"
    assert not list((release / "restricted").glob("*")) or not (release / "restricted" / "scores.parquet").exists()
    assert sorted(path.name for path in (release / "open").glob("*.parquet")) == ["metrics.parquet", "quality.parquet"]
    for lang, said in (("en", "Too few recorded outcomes for a model"), ("de", "Zu wenige")):
        pages = {page.stem: _text(page) for page in (release / "open" / "reports" / lang).glob("*.html")}
        assert set(pages) >= {"index", "quality"}
        assert said in pages["index"]
        for name, text in pages.items():
            assert not re.search(r"\bnan\b|\bNaT\b|Undefined|\{\{", text), f"{lang}/{name}"
    return manifest


@pytest.mark.slow
@pytest.mark.measured
def test_300_cases_in_all_give_a_description_and_no_model(
    plumbline: Command, pack: Path, data: Path, home: Path
) -> None:
    cases = lines(data / "cases.csv")
    keep = {row[0] for row in cases[1:301]}
    write(data / "cases.csv", cases[:301])
    for table in ("referrals", "placements"):
        rows = lines(data / f"{table}.csv")
        where = rows[0].index("case_id")
        write(data / f"{table}.csv", [rows[0], *(row for row in rows[1:] if row[where] in keep)])
    ended = plumbline("run", pack, "--data", data, *DAY, code=3)
    ended.says("Too few recorded outcomes for a model", "a model needs 100", "No scores are published.", "Reports: ")
    _descriptive(home)
    plumbline("report", pack, code=0).says("Too few recorded outcomes")
    plumbline("explain", pack, "0" * 32, code=3).says("Refused", "Too few recorded outcomes")
    plumbline("explain", pack, CANARY, "--lang", "de", code=3).says("Zu wenige")


@pytest.mark.slow
@pytest.mark.parametrize("how", ["never", "always"])
def test_an_outcome_that_never_or_always_occurs(
    how: str, plumbline: Command, pack: Path, data: Path, workshop: Path, home: Path
) -> None:
    for table in ("persons", "memberships", "cases", "referrals", "placements"):
        (data / f"{table}.csv").write_bytes((workshop / "many" / f"{table}.csv").read_bytes())
    if how == "never":
        put(data / "placements.csv", "kind", "planned")
        said = "The outcome never occurs in the test"
    else:
        head = lines(data / "placements.csv")[0]
        cases = lines(data / "cases.csv")
        named = [dict(zip(cases[0], row, strict=True)) for row in cases[1:]]
        rows = [
            [
                f"X{case['case_id']}{year}",
                case["case_id"],
                case["person_id"],
                "crisis",
                f"{year}-01-15",
                f"{year}-01-16",
                "",
                "",
            ]
            for case in named
            for year in range(2020, 2026)
            if case["opened_on"] < f"{year}-01-01"
        ]
        assert head[:6] == ["placement_id", "case_id", "person_id", "kind", "started_on", "recorded_on"]
        write(data / "placements.csv", [head, *rows])
        said = "The outcome occurs for everybody in the test"
    ended = plumbline("run", pack, "--data", data, *DAY, code=3)
    ended.says("Too few recorded outcomes", "No scores are published.", said)
    _descriptive(home)


@pytest.mark.slow
def test_a_group_with_one_member_is_never_shown(
    plumbline: Command, pack: Path, data: Path, workshop: Path, home: Path
) -> None:
    """One person alone in a community: the run ends, and no table or page of open/ has a figure for that group."""
    for table in ("persons", "memberships", "cases", "referrals", "placements"):
        (data / f"{table}.csv").write_bytes((workshop / "many" / f"{table}.csv").read_bytes())
    put(data / "persons.csv", "community", "Belmar")
    child = next(row[1] for row in lines(data / "cases.csv")[1:] if row[3] < "2023-06-01" and not row[5])
    number = next(n for n, row in enumerate(lines(data / "persons.csv"), start=1) if row[0] == child)
    put(data / "persons.csv", "community", "Cendry", [number])
    plumbline("run", pack, "--data", data, *DAY, code=0)
    release = _release(home)
    fairness = pd.read_parquet(release / "open" / "fairness.parquet")
    alone = fairness[(fairness["attribute"] == "community") & (fairness["group"] == "Cendry")]
    assert alone[["value", "low", "high"]].isna().all().all()
    assert (alone["n"].isna() | (alone["n"] == 0)).all()
    assert set(alone["state"].dropna()) <= {"not_judged"}
    factors = pd.read_parquet(release / "open" / "factors.parquet")
    assert factors[(factors["attribute"] == "community") & (factors["group"] == "Cendry")]["importance"].isna().all()
    assert child.encode() not in left(home)
