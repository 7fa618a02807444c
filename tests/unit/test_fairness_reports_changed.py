"""What changed since the last release, how all programmes stand, and the page of a home that lists them."""

from __future__ import annotations

import html
import json
import re
import stat
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from fairness_reports.language import LANGUAGES, catalogue, refused_wording
from fairness_reports.release import ReleaseWriter, mark_stale
from fairness_reports.reports import ReportContext, page_html
from fairness_reports.reports.changed import strongest
from fairness_reports.reports.home import home_html, home_index, write_home_index
from fairness_reports.reports.standing import Before, ProgrammeLine, before_of, programme_lines
from tests import fairness_reports_fake as fake
from tests.foreign_words import foreign_words

MARKUP = "<script>alert(1)</script>"


def text(page: str) -> str:
    page = re.sub(r"<style.*?</style>|<nav.*?</nav>", "", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def section(context: ReportContext, code: str = "en") -> str:
    page = text(page_html(code, context, "index"))
    start = page.index(str(catalogue(code)["changed.title"]))
    return page[start : page.index(str(catalogue(code)["index.outcome_title"]), start)]


def test_verdict_day_training_rows_then_and_now() -> None:
    context = fake.context()
    found = section(context)
    assert "Compared with the release of 3 March 2014 (2014-03-03-77aa01fe00), as it was published." in found
    assert "As of 3 March 2014 31 October 2014" in found
    assert "Rows accepted from the delivery about 206,000 about 206,000" in found, "no row is counted out"
    assert "The verdict is of the same kind as then." in found
    assert "The charter is the same, word for word." in found
    assert "The model was newly trained" in found
    other = replace(context, before=fake.before(verdict="not_fit", charter_hash="00"))
    assert "The verdict is another one than then." in section(other)
    assert "The charter has been changed." in section(other)


def test_a_gap_that_turned_and_the_agreed_figures() -> None:
    found = section(fake.context())
    assert "Ranking (AUC) 0.70 0.69 to 0.72 0.70 0.69 to 0.72" in found
    turned = found[found.index("Judged differences with another finding") : found.index("All 22 judged")]
    assert "women Gender, Found, of those with the outcome outside +12.0 points (+10.0 to +14.0)" in turned
    assert turned.count("Gender,") == 1, "only what turned"
    same = replace(fake.context(), before=replace(fake.before(), fairness=fake.fairness()))
    assert "No judged difference has another finding than then." in section(same)


def test_the_figures_then_are_those_of_the_test_then() -> None:
    then = fake.before()
    metrics = then.metrics.copy()
    mine = (metrics["split"] == "2013J") & (metrics["model"] == "hist_gradient_boosting") & (metrics["metric"] == "auc")
    metrics.loc[mine, ["value", "low", "high"]] = [0.61, 0.6, 0.62]
    found = section(replace(fake.context(), before=replace(then, metrics=metrics)))
    assert "Ranking (AUC) 0.61 0.60 to 0.62 0.70 0.69 to 0.72" in found


def test_factors_that_are_new_among_the_strongest() -> None:
    found = section(fake.context())
    assert "New among the 5 strongest factors: Credits studied at the same time." in found
    assert "No longer among the 5 strongest factors: Quizzes tried." in found
    same = replace(fake.context(), before=replace(fake.before(), factors=fake.factors()))
    assert "The 5 strongest factors are the same." in section(same)
    assert strongest(pd.DataFrame()) == []
    frame = fake.factors().assign(importance=0.0)
    assert strongest(frame) == [], "a factor that adds nothing is not strong"


def test_under_the_same_training_no_figure_is_said_to_be_new() -> None:
    context = fake.context()
    found = section(replace(context, before=fake.before(training=context.manifest["training"])))
    assert "The model is the same one." in found
    assert "Ranking (AUC)" not in found
    assert "judged difference" not in found


@pytest.mark.parametrize("code", LANGUAGES)
def test_with_and_without_a_model_and_without_a_release_before(code: str) -> None:
    sentences = catalogue(code)
    untrained: dict[str, Any] = {"training": None, "audited_model": None, "verdict": "descriptive_only"}
    then = Before({**fake.before().manifest, **untrained}, quality=fake.quality())
    assert sentences["changed.model_first"] in section(replace(fake.context(), before=then), code)
    bare = replace(fake.context("descriptive_only"), before=fake.before())
    assert sentences["changed.model_none"] in section(bare, code)
    first = replace(fake.context(), before=None)
    assert sentences["changed.first"] in section(first, code)
    for context in (first, bare, replace(fake.context(), before=then)):
        assert not refused_wording(section(context, code), code)


AGAIN = [
    {"split": "2013J", "attribute": "gender × age_band", "of": ""},
    {"split": "2014B", "attribute": "gender", "of": "2014-03-03-77aa01fe00"},
    {"split": "2014B", "attribute": "gender × age_band", "of": "2014-03-03-77aa01fe00"},
    {"split": "2014B", "attribute": "overall", "of": "2014-03-03-77aa01fe00"},
    {"split": "now", "attribute": "gender", "of": "2014-07-01-5d1e20aa31"},
]


def told_again(places: list[dict[str, str]], **changes: Any) -> ReportContext:
    made = fake.context(**changes)
    return replace(made, manifest={**made.manifest, "told_again": places})


@pytest.mark.parametrize("before", [None, fake.before()])
def test_what_stands_as_an_earlier_release_told_it(before: Before | None) -> None:
    found = {code: section(told_again(AGAIN, before=before), code) for code in LANGUAGES}
    test, earlier, now = (
        "Sealed test (2014B): all cases together and by “Gender”. As in the release of 3 March 2014 (2014-03-03",
        "Period 2013J: by “Gender × Age”. Made from the numbers of cases and outcomes that were told then",
        "Open cases: by “Gender”. As in the release of 1 July 2014 (2014-07-01-5d1e20aa31).",
    )
    assert found["en"].index(test) < found["en"].index(earlier) < found["en"].index(now)
    german = (
        "Versiegelte Erprobung (2014B): alle Fälle zusammen und nach „Geschlecht“. So wie in der Ausgabe vom 3. März"
    )
    assert german in found["de"]
    assert "Zeitraum 2013J: nach „Geschlecht × Alter“. Gebildet aus den Fallzahlen und Ausgängen" in found["de"]
    assert "Offene Fälle: nach „Geschlecht“. So wie in der Ausgabe vom 1. Juli 2014" in found["de"]
    for code in LANGUAGES:
        assert catalogue(code)["again.intro"] in found[code]
        assert not refused_wording(found[code], code)
        assert not foreign_words(found[code], code)


@pytest.mark.parametrize("code", LANGUAGES)
def test_where_everything_is_told_anew_nothing_is_said_of_it(code: str) -> None:
    plain = page_html(code, fake.context(), "index")
    assert page_html(code, told_again([]), "index") == plain
    assert catalogue(code)["again.intro"] not in text(plain)


def test_many_splits_that_stand_as_they_were_are_there_to_be_opened() -> None:
    shown = {"split": "2013J, scores shown", "attribute": "overall", "of": "2014-03-03-77aa01fe00"}
    dated = {"split": "2013-03-03", "attribute": "gender", "of": ""}
    page = page_html("en", told_again([*AGAIN, shown, dated]), "index")
    found = re.search(
        r'<details class="fold"><summary>Which figures these are, for 5 sets.*?</details>', page, re.DOTALL
    )
    assert found is not None
    assert "Period 2013J, after scores had been shown: all cases together. As in" in text(found[0])
    assert "Period 3 March 2013: by “Gender”. Made from" in text(found[0])
    german = text(page_html("de", told_again([*AGAIN, shown, dated]), "index"))
    assert "Welche Zahlen das sind, für 5 Gruppen von Fällen" in german
    assert "Zeitraum 2013J, nachdem Schätzwerte gezeigt waren: alle Fälle zusammen." in german


def test_all_programmes_stand_on_the_overview_and_no_link_leaves_the_release() -> None:
    page = page_html("en", fake.context(), "index")
    table = text(page).split("All programmes of this agency")[-1]
    assert "Family support It cannot be told" in table
    assert "out of date: a newer delivery was refused on 2 October 2014" in table
    assert "Student support this release Met the thresholds" in table
    assert "releases/" not in page


def test_what_the_manifests_of_other_releases_say_is_escaped() -> None:
    evil = {"en": MARKUP, "de": MARKUP}
    line = ProgrammeLine("p", evil, evil, "fit", "2014-01-01", "r")
    page = page_html("en", fake.context(programmes=[line], before=fake.before(release_id=MARKUP)), "index")
    for each in (page, home_html("en", [line])):
        assert "<script" not in each
        assert html.escape(MARKUP) in each


def publish(root: Path, programme: str, release: str = "r1", **manifest: Any) -> Path:
    head = {"en": f"Verdict of {programme}", "de": f"Urteil über {programme}"}
    title = {"en": f"Title {programme}", "de": f"Titel {programme}"}
    with ReleaseWriter(root / "releases", programme, release) as writer:
        writer.table("open", "quality", fake.quality(), ["table", "rule"])
        for code in LANGUAGES:
            path = writer.open_dir / "reports" / code / "index.html"
            path.parent.mkdir(parents=True)
            path.write_text("x")
        made = writer.publish({"as_of": "2014-10-31", "verdict": "fit", "headline": head, "title": title, **manifest})
    return made.path


def test_the_page_of_a_home_leads_to_every_current_release(tmp_path: Path) -> None:
    root = tmp_path / "home"
    root.mkdir()
    publish(root, "alpha")
    publish(root, "alpha", "r2", title=None)
    publish(root, "beta", simulated=True)
    mark_stale(root / "releases", "beta", "a file is missing", date(2015, 1, 2))
    mark_stale(root / "releases", "gamma", "a file is missing", date(2015, 1, 3))
    written = write_home_index(root)
    assert written == [home_index(root, "en"), home_index(root, "de")]
    for path in written:
        page = path.read_text(encoding="utf-8")
        links = [link for link in re.findall(r'href="([^"#]+)"', page) if "releases" in link]
        assert len(links) == 4
        assert all((path.parent / link).is_file() for link in links), links
        assert "alpha/r2" in page
        assert "alpha/r1" not in page
        assert len(page.encode()) < 1_000_000
        assert "<script" not in page
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert [each.name for each in path.parent.iterdir()] == ["index.html"], "nothing half written stays"
    english = text(written[0].read_text(encoding="utf-8"))
    assert "beta Simulated data Verdict of beta out of date: a newer delivery was refused on 2 January 2015" in english
    assert "gamma no release that can be read out of date: a newer delivery was refused on 3 January 2015" in english
    assert 'href="../de/index.html"' in written[0].read_text(encoding="utf-8")
    before = written[0].read_bytes()
    assert write_home_index(root)[0].read_bytes() == before


def test_a_home_without_a_release_and_one_with_a_broken_one(tmp_path: Path) -> None:
    (tmp_path / "releases").mkdir()
    assert "There is no release yet." in text(write_home_index(tmp_path)[0].read_text(encoding="utf-8"))
    path = publish(tmp_path, "alpha")
    publish(tmp_path, "beta")
    (path / "open" / "quality.parquet").unlink()
    lines = programme_lines(tmp_path / "releases")
    assert [(line.programme, line.verdict) for line in lines] == [("alpha", None), ("beta", "fit")]


def test_an_earlier_release_is_read_from_its_open_tables(tmp_path: Path) -> None:
    from fairness_reports.release import read_release

    release = read_release(publish(tmp_path, "alpha"))
    found = before_of(release)
    assert json.dumps(found.manifest["verdict"]) == '"fit"'
    assert len(found.quality) == len(fake.quality())
    assert found.metrics.empty
