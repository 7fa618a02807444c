"""Pages say what they must for every verdict, in both languages, and nothing that enters them becomes markup."""

from __future__ import annotations

import html
import os
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from fairness_reports.language import LANGUAGES, Language, catalogue, refused_wording
from fairness_reports.release import read_release, write_quality
from fairness_reports.reports import PAGES, Excluded, FeatureLine, page_html, render
from fairness_reports.reports.context import _empty
from features.words import Text
from tests import fairness_reports_fake as fake

pytestmark = [pytest.mark.slow, pytest.mark.measured]

VERDICTS = ("fit", "not_fit", "not_auditable", "descriptive_only")
EVIL = "<script>alert(1)</script>&\"'"


class Visible(HTMLParser):
    """The text of a page, and what it refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self._skip = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.ids += [values["id"]] if "id" in values else []
        self.links += [values[name] for name in ("href", "src") if name in values]
        self._skip += tag in ("style", "script")

    def handle_endtag(self, tag: str) -> None:
        self._skip -= tag in ("style", "script")

    def handle_data(self, data: str) -> None:
        if not self._skip:
            self.text.append(data)


def seen(page: str) -> Visible:
    parser = Visible()
    parser.feed(page)
    return parser


def words(page: str) -> str:
    return re.sub(r"\s+", " ", " ".join(seen(page).text))


@pytest.fixture(scope="module")
def pages() -> dict[tuple[str, str, str], str]:
    wanted = [(verdict, name) for verdict in ("fit", "descriptive_only") for name in PAGES]
    wanted += [("not_fit", "index"), ("not_auditable", "index")]
    return {(v, code, name): page_html(code, fake.context(v), name) for v, name in wanted for code in LANGUAGES}


def test_every_page_has_what_every_page_must_have(pages: dict[tuple[str, str, str], str]) -> None:
    titles = {"en": "Student support", "de": "Begleitung von Studierenden"}
    days = {"en": "31 October 2014", "de": "31. Oktober 2014"}
    headlines = {
        ("fit", "en"): "Met the thresholds agreed by the head of student services on 1 February 2014; this is not "
        "permission to use it",
        ("fit", "de"): "das ist keine Freigabe",
        ("not_fit", "en"): "no scores are published",
        ("not_fit", "de"): "es werden keine Schätzwerte veröffentlicht",
        ("not_auditable", "en"): "no scores are published",
        ("not_auditable", "de"): "es werden keine Schätzwerte veröffentlicht",
        ("descriptive_only", "en"): "counts and trends only",
        ("descriptive_only", "de"): "nur Qualität, Zahlen und Verläufe",
    }  # fmt: skip
    for (verdict, code, _), page in pages.items():
        text = words(page)
        for must in (
            titles[code],
            days[code],
            "2014-10-31-4f2a91c07d",
            headlines[verdict, code],
            "CC BY 4.0",
            str(catalogue(code)["site.disclosed_title"]),
            str(catalogue(code)["site.footer"]),
        ):
            assert must in text, (verdict, code, must)
        assert catalogue(code)["site.simulated_title"] not in text


def test_pages_stand_alone(pages: dict[tuple[str, str, str], str]) -> None:
    for (_, code, name), page in pages.items():
        parsed = seen(page)
        allowed = {f"{each}.html" for each in PAGES} | {"#content"}
        allowed |= {f"../{other}/{name}.html" for other in LANGUAGES if other != code}
        outside = [link for link in parsed.links if link.partition("#")[0] not in {*allowed, ""}]
        assert outside == []
        assert not {"script", "link", "img", "iframe", "form", "object"} & set(parsed.tags)
        assert "default-src 'none'" in page
        assert f'<html lang="{code}">' in page
        assert len(page.encode()) < 1_000_000
        assert len(parsed.ids) == len(set(parsed.ids)), [i for i in parsed.ids if parsed.ids.count(i) > 1]
        assert parsed.tags.count("h1") == 1
        for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
            assert "<title" in svg
            assert "<desc" in svg


def test_no_page_is_in_the_wrong_language_or_uses_refused_words(pages: dict[tuple[str, str, str], str]) -> None:
    english = re.compile(r"\b(the|of|and|with|are|were|not|for|this|that|cases|score|value|within|points)\b")
    german = re.compile(r"\b(der|das|und|mit|ist|sind|nicht|für|von|zwischen|Fälle|eine?n?|wird|werden|zu|bei)\b")
    for (verdict, code, name), page in pages.items():
        # names of columns, and the official names of a standard, are English in either language
        named = r'<a class="language".*?</a>|<p class="note source">.*?</p>|<span class="sub" lang="en">.*?</span>'
        named += r"|<code>.*?</code>"
        text = words(re.sub(named, "", page))
        assert not (german if code == "en" else english).findall(text), (verdict, code, name)
        assert not refused_wording(text, code), (verdict, code, name)


def test_what_was_accepted_beforehand_does_not_count_as_held() -> None:
    context = fake.context("fit")
    held = {"code": "gap_within", "text": {"en": "This held.", "de": "Dies hielt."}}
    undecided = {"code": "gap_accepted", "text": {"en": "This was accepted.", "de": "Dies wurde hingenommen."}}
    page = page_html("en", replace(context, manifest={**context.manifest, "met": [held, undecided]}), "index")
    assert "1 agreed threshold held" in page
    assert "1 undecided comparison, accepted beforehand" in page


def test_the_verdict_s_reasons_stand_on_the_overview(pages: dict[tuple[str, str, str], str]) -> None:
    for verdict in VERDICTS[1:]:
        for code in LANGUAGES:
            assert fake.REASONS[verdict][0]["text"][code] in words(pages[verdict, code, "index"])
    assert "1 agreed threshold held" in words(pages["fit", "en", "index"])


def test_scores_of_another_day_than_the_release_s_are_told_with_their_day() -> None:
    context = fake.context()
    cohort = context.cohorts.iloc[-1]
    manifest = {**context.manifest, "deployed_model": {"name": "logistic", "cohort": cohort["cohort"]}}
    same = replace(context, manifest={**manifest, "as_of": str(cohort["as_of"])[:10]})
    assert "all scores are of the cases of" not in words(page_html("en", same, "index"))
    later = replace(context, manifest={**manifest, "as_of": "2015-03-01"})
    day = Language("en").date(str(cohort["as_of"])[:10])
    assert f"with a score; all scores are of the cases of {day}" in words(page_html("en", later, "index"))
    assert "alle Schätzwerte gelten für die Fälle vom" in words(page_html("de", later, "index"))


def test_without_a_model_pages_say_so(pages: dict[tuple[str, str, str], str]) -> None:
    text = words(pages["descriptive_only", "en", "index"])
    assert "What a score means" not in text
    assert "No scores are published" in text
    assert "<svg" in pages["descriptive_only", "en", "index"]  # the trend
    assert "nothing to compare" in words(pages["descriptive_only", "en", "fairness"])
    assert "nothing to explain" in words(pages["descriptive_only", "en", "explanations"])
    assert "No model was made" in words(pages["descriptive_only", "en", "model_card"])
    assert "Who had left before the prediction" in words(pages["descriptive_only", "en", "fairness"])


def test_simulated_data_are_named_on_every_page() -> None:
    for code in LANGUAGES:
        for name in PAGES:
            text = words(page_html(code, fake.context(simulated=True), name))
            assert str(catalogue(code)["site.simulated_title"]) in text


def test_small_groups_are_not_shown() -> None:
    context = fake.context()
    page = words(page_html("en", context, "fairness"))
    assert "fewer than 10" in page
    assert "Groups that are not shown" in page
    assert "not recorded Neighbourhood (index of multiple deprivation) fewer than 10 all" in page
    frame = context.fairness
    n = 9
    leaky = frame[(frame["attribute"] == "gender") & (frame["group"] == "F")].assign(n=n)
    leaky.loc[leaky["metric"] == "n", "value"] = n
    other = frame.drop(leaky.index)
    text = words(page_html("en", fake.context(fairness=pd.concat([other, leaky])), "fairness"))
    tables = text.split("Further figures")[1].split("Neighbourhood")[0]
    assert "women" not in tables.split("Age")[0]


def test_a_group_that_was_never_recorded_has_a_name() -> None:
    assert "nicht erfasst" in words(page_html("de", fake.context(), "fairness"))


def test_gaps_against_a_named_group_and_without_tolerance() -> None:
    context = fake.context()
    frame = context.fairness.copy()
    frame["reference"] = frame["reference"].where(frame["attribute"] != "gender", "M")
    why = fake.text("a", "b")
    charter = fake.charter(
        fairness=[{"metric": "tpr", "attribute": "gender", "reference": "M", "tolerance": 0.1, "reason": why},
                  {"metric": "auc", "attribute": "age_band", "tolerance": 0.1, "reason": why}]
    )  # fmt: skip
    judged = (frame["comparison"] == "difference") & frame["metric"].isin(["tpr", "auc"])
    frame["confirmatory"] = judged & ~frame["attribute"].str.contains("×")
    frame.loc[frame["confirmatory"], "state"] = "outside"
    text = words(page_html("en", replace(context, fairness=frame, charter=charter), "fairness"))
    assert "compared with the group “men”" in text
    assert "±10.0" in text
    assert "±0.10" in text
    assert "✕" not in text  # the sign is made by the style sheet: readers hear the word only
    assert "outside" in text


def test_nothing_to_judge_nothing_suppressed_nobody_returning() -> None:
    context = fake.context()
    frame = context.fairness
    frame = frame[frame["value"].notna() & (frame["comparison"] == "value")]
    metrics = context.metrics[~context.metrics["metric"].str.contains("[", regex=False)]
    text = words(page_html("en", replace(context, fairness=frame, metrics=metrics), "fairness"))
    assert "agreed no comparison" in text
    assert "No group had to be left out" in text
    assert "too few to show them apart" in text
    assert "The differences as pictures" not in text


def test_what_enters_a_page_is_escaped() -> None:
    context = fake.context("not_fit")
    evil = Text(en=EVIL, de=EVIL)
    words_yaml = fake.words().model_copy(
        update={
            "outcome": evil,
            "case": fake.words().case.model_copy(update={"many": evil}),
            "attributes": {},
            "factors": {},
        }
    )
    frame = context.fairness.assign(group=EVIL)
    bad = replace(
        context,
        manifest={
            **context.manifest, "release_id": EVIL, "reasons": [{"code": "x", "text": {"en": EVIL, "de": EVIL}}],
            "code_version": EVIL, "inputs": [{"file": EVIL, "sha256": "0"}], "audited_model": {"name": EVIL},
        },
        title=evil, description=evil, credit=evil, words=words_yaml,
        fairness=frame.drop_duplicates(["attribute", "metric", "comparison", "band"]),
        factors=context.factors.assign(factor=EVIL).head(1),
        metrics=context.metrics.assign(model=EVIL).drop_duplicates(["split", "metric"]),
        quality=context.quality.assign(
            rule=context.quality["rule"] + EVIL, detail=EVIL, table=context.quality["table"] + EVIL
        ),
        cohorts=context.cohorts.assign(cohort=EVIL),
        features=[FeatureLine(EVIL, EVIL, 3, EVIL)],
        excluded=[Excluded(EVIL, EVIL)],
    )  # fmt: skip
    for code in LANGUAGES:
        for name in PAGES:
            page = page_html(code, bad, name)
            assert "script" not in seen(page).tags, name
            assert EVIL not in page.replace(html.escape(EVIL), "")
            assert html.unescape("&lt;script&gt;") in words(page)


def test_the_model_card_lists_what_nobody_has_stated(pages: dict[tuple[str, str, str], str]) -> None:
    missing = words(pages["fit", "en", "model_card"]).split("What is not stated")[-1]
    assert "When it is to be ended" in missing  # stop_rule holds TODO
    assert "Monitoring" in missing
    assert "Legal basis" not in missing
    assert "TODO" not in words(pages["fit", "en", "model_card"])
    nothing = words(page_html("en", fake.context(charter=None), "model_card")).split("What is not stated")[-1]
    for field in ("Owner", "Legal basis", "Prohibited uses", "Capacity", "Learned anew"):
        assert field in nothing
    checked = fake.context()
    checked = replace(checked, manifest={**checked.manifest, "output_checked_by": "the data-protection officer"})
    assert "the data-protection officer" in words(page_html("en", checked, "model_card"))


def test_quality_shows_broken_rules_first_rows_groups_and_k(pages: dict[tuple[str, str, str], str]) -> None:
    text = re.sub(r" (?=[:,)])|(?<=\() ", "", words(pages["fit", "en", "quality"]))  # names are marked as code
    assert text.index("date_registration: is there") < text.index("imd_band: is seldom missing")
    assert text.index("imd_band: is seldom missing") < text.index("weight: is not too large")
    assert "8 rules were checked. 2 rules were broken." in text
    assert "id_student: is known in studentInfo" in text
    assert "jahresbericht_2014" in text  # a name that the contract gave
    assert "studentInfo 32,593 32,548 45 3" in text
    assert "Together 206,505 206,460 45" in text
    assert "women Gender (studentInfo) 14,718 20 0.14%" in text
    assert "groups of fewer than 10 together" in text
    assert "without region studentInfo gender, age_band, imd_band 7" in text
    assert "studentInfo.csv.gz: internal_code" in text
    good = fake.quality().query("passed and severity == 'error'")
    whole = words(page_html("en", fake.context(quality=good), "quality"))
    for sentence in ("All of them were met", "It was not measured", "names every column", "Nothing was read"):
        assert sentence in whole


def test_bands_without_a_name_and_rare_outcomes() -> None:
    context = fake.context()
    frame = context.fairness.copy()
    rare = frame["band"] == "0.000–0.120"
    frame.loc[rare, ["value", "low", "high"]] = [0.002, 0.0, 0.01]
    text = words(page_html("en", replace(context, fairness=frame, bands=[]), "index"))
    assert "Of 100 enrolments with a score like this, fewer than 1 withdrew within 90 days (between 0 and 1)." in text
    assert "12% to 28% (scores of 12% to 28%)" in text


def test_factors_with_few_cases_and_without_groups() -> None:
    frame = fake.factors()
    frame.loc[frame["factor"] == "quiz", ["importance", "low", "high", "mean_contribution"]] = None
    only = frame[frame["attribute"].isna()]
    text = words(page_html("en", fake.context(factors=only), "explanations"))
    assert "too few to say" in text
    assert "For no group are figures shown" in text
    few = only[only["factor"] == "quiz"]
    bare = fake.context(factors=few, shapes=_empty("shapes"))
    assert "<svg" not in page_html("en", bare, "explanations")


OUTCOMES: dict[str, tuple[tuple[float | None, ...], str, str]] = {
    "worse": ((-0.021, -0.034, -0.009), "put 2.1 fewer of 100 pairs in the right order (between 0.9 and 3.4 fewer)",
              "von 100 Paaren 2,1 weniger in die richtige Reihenfolge (zwischen 0,9 und 3,4 weniger)"),
    "better": ((0.021, 0.009, 0.034), "put 2.1 more of 100 pairs in the right order (between 0.9 and 3.4 more)",
               "von 100 Paaren 2,1 mehr in die richtige Reihenfolge (zwischen 0,9 und 3,4 mehr)"),
    "unclear": ((-0.004, -0.012, 0.005), "change by −0.4 in 100 (between −1.2 and +0.5). The range holds zero",
                "um −0,4 von 100 (zwischen −1,2 und +0,5). Der Bereich enthält die Null"),
    "same": ((0.0, 0.0, 0.0), "It would lose nothing.", "Es verlöre nichts."),
    "too_few": ((None, None, None), "too few to say", "zu wenige für eine Aussage"),
}  # fmt: skip


@pytest.mark.parametrize("outcome", list(OUTCOMES))
def test_records_about_other_people_are_named_with_their_reason_and_what_they_add(outcome: str) -> None:
    auc, *sentences = OUTCOMES[outcome]
    context = fake.with_association(auc)
    titles = ("Records about other people", "Angaben über andere Menschen")
    given = ("also given records about other people of the household", "auch Angaben über andere Menschen im Haushalt")
    for code, sentence, title, says in zip(LANGUAGES, sentences, titles, given, strict=True):
        text = words(page_html(code, context, "explanations"))
        part = text[text.index(title) :]
        assert says in part
        assert fake.REASON[code] in part
        assert sentence in part
        assert not refused_wording(text, code)
        others = {name: said[1 + LANGUAGES.index(code)] for name, said in OUTCOMES.items() if name != outcome}
        assert [name for name, other in others.items() if other in part] == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_factors_about_other_people_are_tagged_wherever_they_are_listed(code: str) -> None:
    context = fake.with_association()
    wholly, partly = (str(catalogue(code)[f"association.tag_{how}"]) for how in ("all", "some"))
    one, other, third = (fake.words().factors[name].label[code] for name in list(fake.FACTORS)[:3])
    text = words(page_html(code, context, "explanations"))
    attributes = context.factors["attribute"].nunique()
    # the picture, its table and one per attribute
    assert text.count(f"{one} ({wholly})") == 2 + attributes
    assert text.count(f"{other} ({partly})") == 2 + attributes
    assert f"{third} (" not in text
    card = words(page_html(code, context, "model_card"))
    assert f"{one} ({wholly})" in card
    assert f"{other} ({wholly})" in card, "this feature of the factor does"
    assert f"{other} own" in card, "and this one does not"
    assert fake.REASON[code] in card
    assert str(catalogue(code)["card.field.by_association"]) in card


def test_what_is_said_of_other_people_stands_in_a_table_of_its_own() -> None:
    context = fake.with_association()
    text = words(page_html("en", context, "explanations"))
    part = text[text.index("The model with and without") :]
    assert "Ranking (AUC) 0.70 0.70 −0.021 −0.034 to −0.009" in part
    assert "With the outcome, within the capacity 38.3% 38.3% −1.2 points −3.0 to +0.4" in part
    assert "Found within the capacity" not in part[: part.index("no part in the verdict")]
    for name in ("index", "model_card"):
        assert "without by" not in words(page_html("en", context, name)), "it is no candidate"


def test_without_such_features_or_a_model_nothing_is_said_of_what_they_add() -> None:
    plain = words(page_html("en", fake.context(charter=fake.with_association().charter), "explanations"))
    assert "other people" not in plain
    features = fake.with_association().features
    none = fake.context("descriptive_only", features=features, charter=fake.with_association().charter)
    text = words(page_html("en", none, "explanations"))
    assert "also given records about other people" in text
    assert fake.REASON["en"] in text
    assert "once more without them" not in text
    unread = words(page_html("en", fake.context("fit", features=features, charter=None), "explanations"))
    assert "too few to say" in unread
    assert "charter's reason" not in unread


def test_every_sentence_on_other_people_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()
    plain = Language.t

    def noting(self: Language, key: str, **values: Any) -> Any:
        asked.add(key)
        return plain(self, key, **values)

    monkeypatch.setattr(Language, "t", noting)
    for auc, *_ in OUTCOMES.values():
        page_html("en", fake.with_association(auc), "explanations")
    assert {key for key in catalogue("en") if key.startswith("association.")} <= asked


def test_pages_are_the_same_every_time_and_written_to_files(tmp_path: Path) -> None:
    context = fake.context()
    written = render(tmp_path / "one", context)
    again = render(tmp_path / "two", context)
    assert [path.read_bytes() for path in written] == [path.read_bytes() for path in again]
    names = {path.relative_to(tmp_path / "one").as_posix() for path in written}
    assert names == {f"reports/{code}/{name}.html" for code in LANGUAGES for name in PAGES}


def test_a_check_leaves_the_quality_table_and_its_page(tmp_path: Path) -> None:
    reason = {
        "code": "ceiling",
        "text": {"en": "Too many rows.", "de": "Zu viele Zeilen."},
    }
    manifest = {"programme": "student_support", "release_id": "check-1", "as_of": None, "reasons": [reason]}
    context = fake.context(charter=None)
    context = replace(context, manifest=manifest)
    page = write_quality(tmp_path / "check", context)
    write_quality(tmp_path / "check", context)  # a second time over the first
    text = words(page.read_text(encoding="utf-8"))
    assert "Check check-1" in text
    assert "Too many rows." in text
    assert "nothing was released" in text
    assert 'href="index.html"' not in page.read_text(encoding="utf-8")
    assert len(pd.read_parquet(tmp_path / "check" / "open" / "quality.parquet")) == len(fake.quality())
    assert not list((tmp_path / "check").rglob(".unfinished*"))
    assert {oct(path.stat().st_mode & 0o777) for path in (tmp_path / "check").rglob("*")} == {"0o700", "0o600"}
    with pytest.raises(Exception, match="no complete release"):
        read_release(tmp_path / "check")
    assert os.access(page, os.R_OK)
