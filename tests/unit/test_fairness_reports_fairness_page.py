"""The fairness page: its first part is made of figures of the tables, and it says what could be told and what not."""
# ruff: noqa: E501

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from markupsafe import Markup

from fairness_reports.audit.reasons import WITHHELD
from fairness_reports.language import LANGUAGES, Language, catalogue, refused_wording
from fairness_reports.reports import ReportContext, page_html
from fairness_reports.reports.charts import Chart
from fairness_reports.reports.fairness import in_short
from fairness_reports.reports.fairness.rows import in_all_bands, of_groups
from fairness_reports.reports.layout import Facts
from fairness_reports.spec import JOIN, OVERALL, POOLED, SCORES_SHOWN
from features.words import Text
from tests import fairness_reports_fake as fake
from tests import fairness_reports_fake_audit as audit
from tests.foreign_words import foreign_words, visible
from tests.unit.test_fairness_reports_reports import seen, words

pytestmark = [pytest.mark.slow, pytest.mark.measured]

GERMAN = re.compile(r"\b(der|das|und|mit|ist|sind|nicht|für|von|zwischen|Fälle|eine?n?|wird|werden|zu|bei)\b")
ENGLISH = re.compile(r"\b(the|of|and|with|are|were|not|for|this|that|cases|score|value|within|points)\b")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {code: page_html(code, audit.whole(), "fairness") for code in LANGUAGES}


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures without the drawing, which is dear; their titles and tables stay."""

    def nothing(*_: Any, title: str, description: str, **__: Any) -> Chart:
        return Chart(Markup("<svg></svg>"), title, description)

    monkeypatch.setattr("fairness_reports.reports.charts.in_rows", nothing)
    monkeypatch.setattr("fairness_reports.reports.charts_gaps.in_rows", nothing)
    monkeypatch.setattr("fairness_reports.reports.fairness.tried.options", nothing)


def first_part(page: str) -> str:
    found = re.search(r'<dl class="facts">.*?</dl>', page, re.DOTALL)
    assert found is not None
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found.group(0))))


def answers(context: ReportContext, code: str = "en") -> dict[str, str]:
    """The first part by question."""
    frame = in_all_bands(context.test_fairness())
    block = in_short(Language(code), context, frame, of_groups(frame)).blocks[1]
    assert isinstance(block, Facts)
    return {str(question): html.unescape(" ".join(told)) for question, told in block.rows}


def judged(**columns: Any) -> ReportContext:
    """The whole context with other values in every judged row."""
    frame = audit.fairness()
    rows = frame["confirmatory"]
    for name, value in columns.items():
        frame.loc[rows, name] = value
    return audit.whole(fairness=frame)


def shown(frame: pd.DataFrame, code: str) -> set[str]:
    """Every form in which the first part may print a figure of a table."""
    language = Language(code)
    forms: set[str] = set()
    for name in ("value", "low", "high", "bound_low", "bound_high", "detectable_gap", "tipping_point"):
        for value in frame[name].dropna() if name in frame else []:
            for size in (value, -value):
                forms |= {language.number(size * 100, digits) for digits in (0, 1)}
                forms |= {language.number(size, digits) for digits in (0, 2)}
    for name in ("n", "needed_n"):
        forms |= {language.number(value) for value in (frame[name].dropna() if name in frame else [])}
    return {form.removeprefix("−") for form in forms}


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_number_of_the_first_part_stands_in_a_table(pages: dict[str, str], code: str) -> None:
    context = audit.whole()
    frame = context.test_fairness()
    after = context.fairness[context.fairness["split"].str.endswith(SCORES_SHOWN)]
    allowed = shown(frame, code) | shown(after, code) | shown(audit.options(), code)
    allowed |= {"100", "95", "90", "20"}  # of a hundred; the level; the outcome's name; the charter's capacity
    allowed |= {"8"}  # the tolerance that the charter agreed
    rows = frame[frame["confirmatory"]]
    allowed |= {str(count) for count in (len(rows), *rows["state"].value_counts())} | {"0", "1", "2", "3"}  # counts
    allowed |= {"35", "55", "2013"}  # in the names of groups and of a period
    told = first_part(pages[code])
    numbers = set(NUMBER.findall(told))
    assert len(numbers) > 20
    assert numbers <= allowed, numbers - allowed


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_page_is_in_one_language_and_uses_no_refused_words(pages: dict[str, str], code: str) -> None:
    page = re.sub(r'<a class="language".*?</a>|<p class="note source">.*?</p>', "", pages[code])
    text = words(page)
    assert not (GERMAN if code == "en" else ENGLISH).findall(text)
    assert not refused_wording(text, code)
    parsed = seen(pages[code])
    assert len(parsed.ids) == len(set(parsed.ids))
    assert "script" not in parsed.tags


def test_who_is_missed_and_who_is_flagged_in_vain() -> None:
    told = answers(audit.whole())
    missed = told["Who is missed more often?"]
    assert (
        "Of 100 enrolments with the recorded outcome, about 74 were not selected in the group “Gender: women”, about 65 "
        "among all (difference between +5 and +13)."
    ) in missed
    assert "Missed less often: “Gender: men” (−9 to −1)" in missed
    assert (
        "In 3 more groups the difference may be chance. Where the range is widest, mostly in the smallest groups, a difference of up to 17.5 points cannot be ruled out."
        in missed
    )
    assert "Not agreed beforehand: Neighbourhood (index of multiple deprivation); of so many comparisons some" in missed
    assert "too few cases" not in missed
    flagged = told["Who is selected more often without the recorded outcome following?"]
    assert "about 18 were selected all the same in the group “Gender: men”, about 15 among all" in flagged
    german = answers(audit.whole(), "de")["Wer wird häufiger übersehen?"]
    assert "kamen in der Gruppe „Geschlecht: Frauen“ etwa 74, die nicht ausgewählt wurden, insgesamt etwa 65" in german


def test_a_gap_against_a_named_group_names_it() -> None:
    frame = audit.fairness()
    rows = frame["confirmatory"] & (frame["attribute"] == "gender")
    frame.loc[rows, "reference"] = "M"
    told = answers(audit.whole(fairness=frame))
    assert "“Gender: women”, about 60 in the group “men” (difference" in told["Who is missed more often?"]
    frame.loc[rows & (frame["group"] == "M"), ["value", "low", "high"]] = [0.05, 0.01, 0.09]
    frame.loc[rows & (frame["group"] == "M"), "reference"] = "F"
    told = answers(audit.whole(fairness=frame))
    assert "“Gender: men”, about 12 in the group “women”" in told["Who is selected more often without the recorded outcome following?"]  # fmt: skip


def test_where_everything_is_open_the_page_says_what_could_be_told() -> None:
    told = answers(judged(state="cannot_tell"))["How sure is that?"]
    assert "Within what was agreed: 0. Outside: 0. Cannot be told: 10." in told
    assert "What could be told all the same stands here." in told
    assert "That it is above zero is hardly chance" in told or "That it is below zero is hardly chance" in told
    assert "it would take about" in told
    assert "would probably have been noticed" in told
    straddling = answers(judged(state="cannot_tell", low=-0.02, high=0.11))
    assert "In no direction is it larger than 11 points." in straddling["How sure is that?"]
    assert "Nobody clearly: in all" in answers(
        audit.whole(fairness=_only_judged(low=-0.02, high=0.11))
    )["Who is missed more often?"]  # fmt: skip


def _only_judged(**columns: Any) -> pd.DataFrame:
    frame = audit.fairness()
    frame = frame[frame["attribute"].isin([OVERALL, "gender"])].copy()
    for name, value in columns.items():
        frame.loc[frame["confirmatory"], name] = value
    return frame


def test_outside_and_without_figures() -> None:
    told = answers(judged(state="outside"))["How sure is that?"]
    assert "Outside, with the whole range: “Gender: women” (missed: +5 to +13)" in told
    silent = judged(state="cannot_tell", value=None, low=None, high=None, reason="fewer than 10")
    told = answers(silent)["How sure is that?"]
    assert "Open: “Gender: women” (missed). There is no figure: fewer than 10." in told
    assert "9 more are open: see the table" in told
    assert "Offen: „Geschlecht: Frauen“ (übersehen). Es gibt keine Zahl: weniger als 10." in answers(silent, "de")["Wie sicher ist das?"]  # fmt: skip
    below = audit.fairness()
    men = below["confirmatory"] & (below["group"] == "M") & (below["metric"] == "fnr")
    below = below[~below["confirmatory"] | men]
    assert "That it is below zero is hardly chance" in answers(audit.whole(fairness=below))["How sure is that?"]


def test_what_was_judged_and_is_withheld_has_no_empty_range() -> None:
    frame = audit.fairness()
    rows = frame.index[frame["confirmatory"]]
    lost = {"value": None, "low": None, "high": None, "reason": WITHHELD}
    for name, value in (lost | {"state": "cannot_tell"}).items():
        frame.loc[rows, name] = value
    for group, state in (("F", "within"), ("M", "outside")):
        frame.loc[frame["confirmatory"] & (frame["group"] == group) & (frame["metric"] == "fnr"), "state"] = state
    for code, question, within, outside, silent in (
        ("en", "How sure is that?", "Within, with the whole range: “Gender: women” (missed: figures not shown)",
         "Outside, with the whole range: “Gender: men” (missed: figures not shown)", "The figure is not shown: too few cases, or it"),
        ("de", "Wie sicher ist das?", "Mit der ganzen Spanne innerhalb: „Geschlecht: Frauen“ (übersehen: Zahlen nicht gezeigt)",
         "Mit der ganzen Spanne außerhalb: „Geschlecht: Männer“ (übersehen: Zahlen nicht gezeigt)", "Die Zahl wird nicht gezeigt: zu wenige Fälle, oder"),
    ):  # fmt: skip
        told = answers(audit.whole(fairness=frame), code)[question]
        assert within in told
        assert outside in told
        assert silent in told
        assert "–" not in told


def test_what_nobody_can_know_depends_on_what_was_declared() -> None:
    question = "What can nobody know from these data?"
    served = answers(audit.whole())[question]
    assert (
        "only for cases that somebody looked at. The reason given: “Tutors write down whom they have called.”" in served
    )
    assert "With all true outcomes, the difference for “Gender: women” (missed) would lie between +2 and +18: its direction holds." in served  # fmt: skip
    assert "Were only 83 of 100 outcomes recorded, the finding for “Gender: women” (missed) could turn." in served
    assert "For 650 cases, workers had seen the scores" in served
    assert "about 14 of 100 in the group “Gender: women”, about 8 of 100 among all" in served
    undeclared = judged(identification="undeclared", bound_low=None, bound_high=None)
    told = answers(replace(undeclared, observation=None))[question]
    assert "Nobody has declared for whom outcomes get recorded." in told
    assert "With all true outcomes" not in told
    everybody = answers(audit.whole(observation=audit.observation("all")))[question]
    assert "outcomes are recorded for all cases" in everybody
    open_ = answers(judged(bound_low=-0.1, bound_high=0.2))[question]
    assert "not even its direction is known" in open_
    lost = answers(judged(identification="not_identifiable", bound_low=None, bound_high=None))[question]
    assert "Of true outcomes, these measures say nothing" in lost
    assert "no finding could turn" in answers(judged(tipping_point=0.0))[question]


@pytest.mark.usefixtures("undrawn")
def test_options_are_told_with_their_costs_and_none_is_chosen() -> None:
    context = audit.whole()
    told = answers(context)["What was tried against it?"]
    assert "Leave out what gives the group away: Of 100 cases with the recorded outcome it finds 3 fewer" in told
    assert "and again in the later one: the gain held." in told
    assert "It needs to know the protected attribute when a decision is made." in told
    assert "Could not be tried: “Search for a balance between gap and cases found”." in told
    assert "Nothing of this was chosen." in told
    assert "The charter allows people to choose: “Weigh cases anew when learning”." in told
    page = words(page_html("en", context, "fairness"))
    assert "needs the protected attribute when deciding; never chosen automatically" in page
    assert "Cases found against the largest gap" in page
    assert "The largest gap (missed, by Gender) shrinks by 5 percentage points (2 to 8)." in told
    assert told.count("The largest gap (missed") == 2  # of the third way it may be chance
    assert (
        "2013J, where the largest gap (“missed”, by “Gender”) was 10 points; in the sealed test it is 9 points." in told
    )
    assert "hardly existed" not in told
    for little, opens in (
        ({"value": 0.04, "low": 0.01, "high": 0.07}, "The gap above hardly existed"),
        ({"value": 0.05, "low": -0.01, "high": 0.11}, "In that period, this gap cannot be told from chance"),
        ({"value": 0.02, "low": -0.01, "high": 0.05}, "The gap above hardly existed"),
    ):
        small = audit.options()
        as_is = (small["option"] == "as_is") & (small["comparison"] == "largest_gap")
        small.loc[as_is, list(little)] = list(little.values())
        assert opens in answers(replace(context, mitigation=small))["What was tried against it?"]
    unmeasured = audit.options()
    unmeasured.loc[unmeasured["comparison"] == "largest_gap", ["value", "low", "high"]] = None
    assert "Tried on" not in answers(replace(context, mitigation=unmeasured))["What was tried against it?"]
    nothing = answers(replace(context, mitigation=None))["What was tried against it?"]
    assert nothing == "Nothing was compared."
    frame = audit.options()
    only = frame[(frame["option"] == "as_is")].assign(value=None, reason="no development split").head(1)
    assert "Nothing could be compared: no development split." in answers(replace(context, mitigation=only))["What was tried against it?"]  # fmt: skip
    none_may = answers(replace(context, mitigation=frame.assign(may_be_chosen=False)))
    assert "allows none of them" in none_may["What was tried against it?"]
    two = frame.copy()
    other = two[two["role"] == "stress"].assign(attribute="age_band", reason="held")
    page = words(page_html("en", replace(context, mitigation=pd.concat([two, other])), "fairness"))
    assert "Missed, of those with the outcome: Age: The gap shrank in the earlier period" in page


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_table_s_name_is_seen_unless_it_stands_right_above(pages: dict[str, str], code: str) -> None:
    """Tables in a row are told apart by eye; a name that only repeats the heading, or a picture's, is not said twice."""
    seen_alone = 0
    for section in re.findall(r"<section.*?</section>", pages[code], re.DOTALL):
        above = re.findall(r"<(?:h[23]|summary|figcaption)[^>]*>(.*?)</", section)
        own = re.sub(r"<figure.*?</figure>", "", section, flags=re.DOTALL)
        captions = re.findall(r'<caption id="[^"]*"( class="quiet")?>(.*?)</caption>', own)
        for quiet, name in captions:
            assert not quiet or name in above, name
            seen_alone += not quiet
        assert 'class="quiet"' not in own or "<details" in own or len(captions) == 1, captions
    assert seen_alone >= 3


@pytest.mark.usefixtures("undrawn")
def test_factors_of_a_gap_add_up_and_are_named() -> None:
    page = page_html("en", audit.whole(), "fairness")
    text = words(page)
    assert "Most of it comes from “Days since the last visit to the course site” (−0.21)." in text
    assert "Against it: “Earlier attempts at this course” (+0.08)." in text
    assert "71 of 100 pairs" in text
    lines = [replace(line, label=Text(en="the tutor's note", de="Notiz")) for line in audit.whole().features]
    quoted = page_html("en", audit.whole(features=lines), "fairness")
    assert "the tutor&#39;s note: " in quoted
    assert "&amp;#39;" not in quoted
    frame = audit.fairness()
    frame.loc[frame["metric"] == "raw", ["low", "high"]] = [-0.3, 0.3]
    assert "No clear difference." in words(page_html("en", audit.whole(fairness=frame), "fairness"))
    many = audit.fairness()
    many.loc[many["metric"] == "raw", ["value", "low", "high"]] = [-0.9, -1.0, -0.8]
    base = many[many["metric"] == "contribution[quiz]"].assign(metric="contribution[base value]")
    text = words(page_html("en", audit.whole(fairness=pd.concat([many, base])), "fairness"))
    assert "It comes from many factors, most from" in text
    assert "Start of the model's count" in text


def test_axes_and_labels_do_not_round_small_figures_away() -> None:
    frame = audit.fairness()
    terms = (frame["metric"] == "raw") | frame["metric"].str.startswith("contribution[")
    frame.loc[terms, ["value", "low", "high"]] *= 0.01
    options = audit.options()
    gaps = options["comparison"] == "largest_gap"
    options.loc[gaps, ["value", "low", "high"]] *= 0.1
    page = page_html("en", audit.whole(fairness=frame, mitigation=options), "fairness")
    for must in ("−0.0021", "−0.0020", "−0.0010", "0.5", "1"):
        assert re.search(rf"<text[^>]*>{re.escape(must)}</text>", page), must
    assert re.search(r"<td[^>]*>\s*−0\.0021\b", page), "the table has as many decimals as the picture"
    assert "visit to the course site” (−0.0021)." in words(page)
    assert "the parts may not quite add up" in words(page)


@pytest.mark.usefixtures("undrawn")
def test_alarms_and_changes() -> None:
    text = words(page_html("en", audit.whole(), "fairness"))
    assert "women Gender Share of all cases 2013J +7.0 +5.0 to +9.0 has moved" in text
    assert "Size of the gap: Missed, of those with the outcome 2013-10-31-aa +4.0 +1.0 to +7.0 gap has widened" in text
    quiet = words(page_html("en", audit.whole(drift=audit.changes(alarm=False)), "fairness"))
    assert "No alarm." in quiet
    assert "has moved" not in quiet
    without = words(page_html("en", audit.whole(drift=None, earlier=None), "fairness"))
    assert "From release to release" not in without
    assert "From period to period" in without
    for code in LANGUAGES:
        for reason in ("moved", "wider gap", "outside the tolerance now", "no interval in one of the two periods"):
            assert Language(code).has(f"drift.{reason.replace(' ', '_')}")


@pytest.mark.usefixtures("undrawn")
def test_small_groups_together_have_a_name() -> None:
    frame = audit.fairness()
    frame.loc[frame["group"] == "55<=", "group"] = POOLED
    assert "kleine Gruppen zusammen" in words(page_html("de", audit.whole(fairness=frame), "fairness"))


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("code", LANGUAGES)
def test_what_stands_as_an_earlier_release_told_it_is_said_right_after_the_first_part(code: str) -> None:
    context = audit.whole()
    places = [
        {"split": "2014B", "attribute": "gender", "of": "2014-03-03-77aa01fe00"},
        {"split": "now", "attribute": "age_band", "of": ""},
    ]
    page = page_html(code, replace(context, manifest={**context.manifest, "told_again": places}), "fairness")
    sentences, told = catalogue(code), words(page)
    title, intro = (str(sentences[f"again.{key}"]) for key in ("title", "intro"))
    heads = re.findall(r"<h2[^>]*>(.*?)</h2>", page)
    assert heads[heads.index(str(sentences["short.title"])) + 1] == title
    assert intro in told
    assert "2014-03-03-77aa01fe00" not in page
    assert not refused_wording(told, code)
    assert not foreign_words(visible(page, code), code)
    for nothing in (context.manifest, {**context.manifest, "told_again": []}):
        silent = words(page_html(code, replace(context, manifest=nothing), "fairness"))
        assert title not in silent
        assert intro not in silent


def test_nothing_agreed_is_told_as_exploring() -> None:
    frame = audit.fairness()
    frame["confirmatory"], frame["state"] = False, "not_judged"
    told = answers(audit.whole(fairness=frame))
    assert "Nothing was agreed beforehand" in told["How sure is that?"]
    assert "a true gap would probably have been noticed only from" in told["How sure is that?"]
    nothing = frame.assign(low=None, high=None)
    assert (
        "None of this was agreed beforehand; of so many comparisons some stand out by chance."
        in told["Who is missed more often?"]
    )
    few = frame.copy()
    few.loc[(few["group"] == "55<=") & (few["metric"] == "fnr"), ["value", "low", "high"]] = None
    assert "For 1 group there are too few cases." in answers(audit.whole(fairness=few))["Who is missed more often?"]
    assert "In no group are there enough cases to say." in answers(audit.whole(fairness=nothing))["Who is missed more often?"]  # fmt: skip
    more = audit.fairness()
    more.loc[more["confirmatory"], ["low", "high"]] = [-0.05, 0.05]
    told = answers(audit.whole(fairness=more))["Who is missed more often?"]
    assert told.startswith(
        "Among what was agreed, nobody clearly more often. More often when exploring: “Neighbourhood"
    )


def test_groups_that_are_withheld_are_not_counted_as_too_small() -> None:
    lost = ["value", "low", "high", "bound_low", "bound_high", "detectable_gap", "tipping_point"]

    def without(reasons: dict[str, str]) -> ReportContext:
        frame = audit.fairness()
        for group, reason in reasons.items():
            rows = (frame["group"] == group) & (frame["metric"] == "fnr")
            frame.loc[rows, lost] = None
            frame.loc[rows, "reason"] = reason
        return audit.whole(fairness=frame)

    for code, question, few, hidden in (
        ("en", "Who is missed more often?", "For 1 group there are too few cases.",
         "For {n} no figures are shown: too few cases, or to protect another group."),
        ("de", Language("de").plain("short.q_fnr"), "Bei 1 Gruppe sind es zu wenige Fälle.",
         "Bei {n} werden keine Zahlen gezeigt: zu wenige Fälle, oder um eine andere Gruppe zu schützen."),
    ):  # fmt: skip
        one, two = {"en": ("1 group", "2 groups"), "de": ("1 Gruppe", "2 Gruppen")}[code]
        both = answers(without({"55<=": "fewer than 10", "F": WITHHELD}), code)[question]
        assert few in both
        assert hidden.format(n=one) in both
        protected = answers(without({"M": WITHHELD, "F": WITHHELD}), code)[question]
        assert few not in protected
        assert hidden.format(n=two) in protected
        silent = audit.fairness().assign(**dict.fromkeys(lost), reason=WITHHELD)
        assert Language(code).plain("short.none_shown") == answers(audit.whole(fairness=silent), code)[question]


def test_a_very_large_audit_stays_below_a_megabyte() -> None:
    context = audit.whole(
        fairness=audit.huge(), earlier=None, mitigation=None, words=fake.words().model_copy(update={"attributes": {}})
    )
    page = page_html("de", context, "fairness")
    assert 500_000 < len(page.encode()) < 1_000_000
    text = words(page)
    assert "alle stehen in fairness.parquet" in text
    assert re.search(r"„attribute_0: group \d of attribute_0“", text)
    assert re.search(r"und \d+ weitere Gruppen", text)


@pytest.mark.usefixtures("undrawn")
def test_every_sentence_of_the_page_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()
    plain = Language.t

    def noting(self: Language, key: str, **values: Any) -> Any:
        asked.add(key)
        return plain(self, key, **values)

    monkeypatch.setattr(Language, "t", noting)
    for test in (
        test_who_is_missed_and_who_is_flagged_in_vain,
        test_a_gap_against_a_named_group_names_it,
        test_where_everything_is_open_the_page_says_what_could_be_told,
        test_outside_and_without_figures,
        test_what_was_judged_and_is_withheld_has_no_empty_range,
        test_what_nobody_can_know_depends_on_what_was_declared,
        test_options_are_told_with_their_costs_and_none_is_chosen,
        test_factors_of_a_gap_add_up_and_are_named,
        test_alarms_and_changes,
        test_nothing_agreed_is_told_as_exploring,
        test_groups_that_are_withheld_are_not_counted_as_too_small,
    ):
        test()
    page_html(
        "en", audit.whole(fairness=_crowded(), charter=None, earlier=None, drift=None, mitigation=None), "fairness"
    )
    families = ("short", "source", "origin", "course", "tried", "fairness")
    mine = {key for key in catalogue("en") if key.split(".")[0] in families}
    elsewhere = {
        # above, in test_fairness_reports_foreign and in test_fairness_reports_reports
        "short.rule", "short.compared_rows", "course.splits_intro_rows", "fairness.not_run", "fairness.attrition_none",
        "short.further", "fairness.intro_title", "fairness.returning_none", "fairness.suppressed_pairs", "fairness.left_before",
        "fairness.judged_none", "fairness.compared_with", "fairness.suppressed_none",
        "source.decisions",  # in test_fairness_reports_people_and_model
    }  # fmt: skip
    assert not sorted(mine - asked - elsewhere), sorted(mine - asked - elsewhere)


def _crowded() -> pd.DataFrame:
    """More crossed groups than a page shows."""
    frame = audit.fairness()
    crossed = frame[frame["attribute"].str.contains(JOIN)]
    more = [crossed.assign(group=crossed["group"] + str(i)) for i in range(200)]
    empty = frame[frame["group"] == "80-100%"].index
    frame.loc[empty, ["value", "low", "high"]] = None
    frame.loc[empty, "reason"] = "fewer than 10"
    frame.loc[frame["confirmatory"], "tipping_point"] = 0.0
    return pd.concat([frame, *more])
