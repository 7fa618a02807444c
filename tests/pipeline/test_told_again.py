"""Two releases of the same day whose deliveries differ by one person: what is open tells nothing of them."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest

from fairness_reports.language import LANGUAGES, catalogue
from fairness_reports.release import Release
from tests import whole_runs
from tests.fairness_reports_attack import programme_of
from tests.whole_runs import Ran, World


@pytest.fixture(scope="module")
def erased(world: World, plain: Ran, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A second run, after one case that is scored now has been erased."""
    folder = tmp_path_factory.mktemp("erased")

    def erase(tables: dict[str, pd.DataFrame]) -> None:
        case = whole_runs.open_cases(tables, str(whole_runs.DAY))["case_id"].iloc[5]
        for name, rows in tables.items():
            if "case_id" in rows:
                tables[name] = rows[rows["case_id"] != case].reset_index(drop=True)

    data = whole_runs.planted(world, folder / "data", erase)
    shutil.copytree(plain.home, folder / "home")
    ran = whole_runs.run(world, folder / "home", data=data)
    assert ran.exit_code == 0, ran.text
    return ran


def table(release: Release, name: str) -> pd.DataFrame:
    return release.table(name).sort_index(axis=1)


def test_open_tables_about_persons_stay_as_they_were(plain: Ran, erased: Ran) -> None:
    first, second = plain.release, erased.release
    assert first.release_id != second.release_id
    again = second.manifest["told_again"]
    assert {"split": "now", "attribute": "overall", "of": first.release_id} in again
    exact = [len(each.table("scores")) for each in (first, second)]
    assert exact[1] == exact[0] - 1
    for name in ("fairness", "metrics", "factors", "shapes", "drift"):
        pd.testing.assert_frame_equal(table(first, name), table(second, name), obj=name)
    # one person may have many rows in other tables: docs/disclosure.md says so
    counts = [each.table("quality").query("table == 'cases'").set_index("rule")["checked"] for each in (first, second)]
    pd.testing.assert_series_equal(counts[0], counts[1].loc[counts[0].index])
    assert not first.manifest["told_again"]


def test_the_pages_say_what_is_told_again(plain: Ran, erased: Ran) -> None:
    for code in LANGUAGES:
        told = catalogue(code)["again.intro"]
        for name in ("index", "fairness"):
            pages = [
                (each.release.path / "open" / "reports" / code / f"{name}.html").read_text(encoding="utf-8")
                for each in (plain, erased)
            ]
            assert told not in pages[0]
            assert told in pages[1]


def test_both_releases_together_pin_no_withheld_count(plain: Ran, erased: Ran) -> None:
    rules = plain.release.manifest["disclosure"]
    tables = [each.release.table("fairness") for each in (plain, erased)]
    now = [each[each["split"] == "now"] for each in tables]
    made = programme_of(now, rules["base"], rules["minimum"])
    wanted = [key for key in made.targets if key[2] not in ("tp", "fn", "fp", "tn")][:15]
    assert all(each.width >= rules["minimum"] for each in made.ranges("now", wanted))


def test_made_again_it_is_the_same_release(world: World, erased: Ran) -> None:
    before = erased.release
    files = before.manifest["files"]
    again = whole_runs.run(world, erased.home, data=erased.home.parent / "data")
    assert again.release.release_id == before.release_id
    assert again.release.manifest["files"] == files
