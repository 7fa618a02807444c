"""The page of explanations: shapes in words and pictures, contradicted expectations, fictional cases with reasons."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from fairness_reports.disclosure.profile import profile_of
from fairness_reports.disclosure.tables import protect_tendencies
from fairness_reports.language import LANGUAGES, Language, catalogue, refused_wording
from fairness_reports.reports import FeatureLine, ReportContext, page_html
from fairness_reports.reports.charts_shapes import Row, reach_of, shape
from fairness_reports.reports.explanations.shape import Shape, rank_correlation, shapes_of
from fairness_reports.reports.explanations.shapes import sentences, strength
from fairness_reports.reports.values import number_words, range_words
from tests import fairness_reports_fake as fake
from tests import fairness_reports_fake_shapes as made

pytestmark = [pytest.mark.slow, pytest.mark.measured]

EN, DE = Language("en"), Language("de")
_FIGURES = ["mean_contribution", "low", "high", "n"]
_HARDLY = {"en": "hardly changes the score", "de": "ändert den Schätzwert kaum"}
_NO_FIGURE = {"en": "No figure moves a score", "de": "Keine Angabe verschiebt einen Schätzwert"}
_NOT_SHOWN = {
    "en": "How the score changes with the value is not shown: too few cases stand behind it",
    "de": "Wie sich der Schätzwert mit dem Wert ändert, wird nicht gezeigt: Dahinter stehen zu wenige Fälle",
}


def words(page: str) -> str:
    plain = re.sub(r"<style.*?</style>|<svg.*?</svg>", " ", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", plain)))


def page(code: str = "en", **changes: Any) -> str:
    return page_html(code, fake.context("fit", **changes), "explanations")


def told(feature: str, language: Language = EN, context: ReportContext | None = None) -> str:
    context = context or fake.context("fit")
    return " ".join(sentences(language, context, shapes_of(context)[feature]))


def test_a_shape_says_its_direction_where_it_is_lower_and_higher_and_where_most_cases_lie() -> None:
    assert told("days_since_last_visit_28d") == (
        "The higher the value, the higher the score. Lower than on average: up to 4 days (moderately to strongly). "
        "Higher than on average: 13 days and more (moderately to strongly). "
        "Most of the 9,204 cases with a value: 2 to 40 days."
    )
    assert told("days_since_last_visit_28d", DE) == (
        "Je höher der Wert, desto höher der Schätzwert. Niedriger als im Durchschnitt: bis 4 Tage (mäßig bis stark). "
        "Höher als im Durchschnitt: 13 Tage und mehr (mäßig bis stark). "
        "Die meisten der 9.204 Fälle mit einem Wert: 2 bis 40 Tage."
    )


@pytest.mark.parametrize(
    ("factor", "tendency", "said"),
    [
        ("late_submissions", "up", "Lower than on average: 0 (slightly)."),
        ("mean_mark", "up", "Lower than on average: no value (moderately)."),
        (
            "earlier_attempts",
            "mixed",
            "does not go one way with the value. Lower than on average: 1 (slightly). Higher",
        ),
        ("credits", "flat", "hardly changes the score. Nearly all of the 9,204 cases with a value: 60."),
        ("registered_before_start", "down", "The higher the value, the lower the score."),
        ("forum", "down", "Higher than on average: 0% (slightly)."),
        ("course", "kinds", "B&amp;B (moderately), EEE (slightly), DDD (slightly), 1 more value."),
        ("quiz", "down", "Lower than on average: yes (slightly). Higher than on average: no (slightly)."),
    ],
)
def test_each_kind_of_shape_has_its_words(factor: str, tendency: str, said: str) -> None:
    assert shapes_of(fake.context("fit"))[f"{factor}_28d"].tendency == tendency
    assert said in told(f"{factor}_28d")


def test_words_of_strength_follow_the_stated_thresholds() -> None:
    def after(shift: float) -> float:
        return 100 / (1 + np.exp(-(np.log(0.2 / 0.8) + shift)))

    assert [str(strength(EN, size)) for size in (0.19, 0.2, -0.49, -0.5)] == [
        "slightly", "moderately", "moderately", "strongly",
    ]  # fmt: skip
    assert after(0.05) < 21
    assert round(after(0.2)) == 23
    assert round(after(0.5)) == 29
    assert "up to 23 (slightly), up to 29 (moderately) or more (strongly)" in words(page())


@pytest.mark.parametrize(
    ("kind", "ends", "english", "german"),
    [
        ("days_since_last", (2.0, 40.0), "2 to 40 days", "2 bis 40 Tage"),
        ("days_since_last", (None, 1.0), "up to 1 day", "bis 1 Tag"),
        ("mean", (0.5, 1.25), "0.5 to 1.25", "0,5 bis 1,25"),
        ("share", (0.0, 0.25), "0 to 25%", "0 bis 25\u00a0%"),
        ("age_years", (1.0, 1.0), "1 year", "1 Jahr"),
        ("change", (-2.0, 3.0), "−2 to +3", "−2 bis +3"),
        ("count", (12000.0, None), "12,000 and more", "12.000 und mehr"),
        (None, (None, None), "all values", "alle Werte"),
        ("any", (1.0, 1.0), "yes", "ja"),
        ("calendar_month", (3.0, 5.0), "March to May", "März bis Mai"),
    ],
)  # fmt: skip
def test_ranges_have_their_unit_once_and_the_language_s_form(
    kind: str | None, ends: tuple[float | None, float | None], english: str, german: str
) -> None:
    assert str(range_words(EN, kind, *ends)) == english
    assert str(range_words(DE, kind, *ends)) == german


def test_ends_that_do_not_belong_to_a_range_say_so() -> None:
    assert str(range_words(EN, None, None, 2.5, below=True)) == "under 2.5"
    assert str(range_words(DE, None, 1.0, 2.5, below=True)) == "1 bis unter 2,5"
    assert str(number_words(DE, "mean", 12.34)) == "12,3"
    assert str(number_words(EN, "calendar_month", 12)) == "December"


def test_rank_correlation_is_spearman_s_of_all_cases() -> None:
    generator = np.random.default_rng(1)
    for _ in range(20):
        x, y = generator.integers(0, 5, (2, 8)).astype(float)
        weights = generator.integers(1, 9, 8)
        expected = spearmanr(np.repeat(x, weights), np.repeat(y, weights)).statistic
        assert rank_correlation(x, y, weights.astype(float)) == pytest.approx(expected, nan_ok=True)


def test_every_picture_has_words_a_table_and_cases_and_all_share_one_scale() -> None:
    found = page()
    pictures = re.findall(r"<figure\b.*?</figure>", found, flags=re.DOTALL)[1:]
    assert len(pictures) == 7, "credits do not move a score, quizzes are not among the most important"
    ticks = set()
    for picture in pictures:
        assert 'class="said"' in picture
        assert re.search(r'role="img" aria-labelledby="shape-\d-title shape-\d-desc"', picture)
        assert "<details>" in picture
        ticks.add(tuple(re.findall(r">([+−]?\d\.\d)<", picture)[:3]))
    assert len(ticks) == 1
    assert "The last table of this page describes the 2 other figures in words." in words(found)


def test_the_drawing_shows_every_range_with_its_cases_without_hanging_on_colour() -> None:
    rows = [
        Row("up to 3", -0.4, -0.5, -0.3, 900, "900"),
        Row("4 and <more>", 0.6, None, None, 100, "100", joined=True),
        Row("no value", None, None, None, 0, "fewer than 10"),
    ]
    drawn = shape(rows, identity="s", title="T", description="D", heads=("Value", "Cases"), axis="A", tick=str)
    for said in ("up to 3", "4 and &lt;more&gt;", "no value", "900", "fewer than 10", "Value", "Cases"):
        assert said in drawn.svg
    assert "#0" not in drawn.svg, "the page's own colours"
    assert reach_of(rows)[0] < -0.5
    assert reach_of([])[1] > 0


def test_figures_against_practice_s_expectation_are_listed_with_what_to_ask() -> None:
    said = words(page())
    assert "practice said of 7 figures" in said
    assert "2 figures do not go the way that was expected:" in said
    section = said[said.index("2 figures do not go") : said.index("What the model does not see These")]
    assert "Mean mark so far: how many the more, the less often the recorded outcome the higher, the higher the score the more, the more often" in section  # fmt: skip  # noqa: E501
    assert "Credits studied at the same time: how many" in section
    assert "hardly any weight" in section
    for other in ("Posts read", "Assignments handed in late", "Quizzes", "registration"):
        assert other not in section
    assert "Who is looked at" in section


@pytest.mark.parametrize(
    ("keeps", "past", "said"),
    [
        (True, True, "None of them points another way, in the model or in past cases."),
        (False, False, "In the model, none of them points another way."),
    ],
)
def test_nothing_against_expectations_is_said_too(keeps: bool, past: bool, said: str) -> None:
    context = fake.context("fit")
    lines = [replace(line, direction="up" if "visit" in line.name else None) for line in context.features]
    manifest = {**context.manifest, "deployed_model": {**context.manifest["deployed_model"], "keeps_directions": keeps}}
    changes: dict[str, Any] = {} if past else {"tendencies": made.tendencies().iloc[:0]}
    found = words(page_html("en", replace(context, features=lines, manifest=manifest, **changes), "explanations"))
    assert said in found
    assert ("keeps to the stated directions" in found) == keeps
    assert ("does not keep to the stated directions" in found) != keeps
    unstated = [replace(line, direction=None) for line in context.features]
    assert "Practice stated no direction" in words(page(features=unstated))


def test_a_tendency_of_past_cases_counts_only_when_it_is_sure_and_more_than_a_trace() -> None:
    rows = pd.DataFrame(
        [["f", "a", 0.47, 0.45, 0.49], ["f", "b", 0.47, 0.43, 0.51], ["f", "c", 0.49, 0.485, 0.495],
         ["f", "d", None, None, None], ["f", "e", 0.51, 0.505, 0.515], ["f", "g", 0.53, 0.51, 0.55]],
        columns=["factor", "feature", "auc", "low", "high"],
    )  # fmt: skip
    bins = made.shapes()
    kept = [bins[bins["feature"] == "quiz_28d"].assign(feature=name) for name in "abcdeg"]
    found = shapes_of(fake.context("fit", tendencies=rows, shapes=pd.concat(kept)))
    past = {name: each.past for name, each in found.items()}
    assert past == {"a": "down", "b": "flat", "c": "flat", "d": None, "e": "flat", "g": "up"}


def test_fictional_cases_stand_with_story_score_band_and_reasons() -> None:
    said = words(page())
    case = said[said.index("Fictional case 1 Three") : said.index("Fictional case 2 A")]
    assert "Score: 41.0% (36.0 to 47.0). Band: high. " in case
    raises, lowers = case.split("Lowers the score")
    assert "Days since the last visit to the course site: how many: 21 days (strongly)" in raises
    assert "Course: how many: B&B (moderately)" in raises
    assert "Mean mark so far: how many: no value (moderately)" in lowers
    assert "Quizzes tried: how many: yes (slightly)" in lowers
    assert "This score says little." in said
    assert "Course: how many: not “AAA” (slightly)" in said
    assert "Quizzes tried (slightly)" in said, "no value is told of a factor that speaks of other people"
    assert "Expectations that hold: 1 of 2." in said
    assert "case 3 above case 2 does not hold" in said


def test_a_number_that_the_pack_fills_in_is_told_as_nothing_recorded() -> None:
    context = fake.context("fit")
    filled = [replace(line, filler=21.0) if line.kind == "days_since_last" else line for line in context.features]
    said = words(page_html("en", replace(context, features=filled), "explanations"))
    assert "how many: nothing recorded (the model is given 21 days in its place) (strongly)" in said
    other = [replace(line, filler=29.0) for line in context.features]
    assert page_html("en", replace(context, features=other), "explanations") == page()


def test_a_release_of_older_code_and_one_without_a_model_have_a_page_too() -> None:
    context = fake.context("fit")
    vignettes = [
        {k: v for k, v in case.items() if k not in ("reasons", "band")} for case in context.manifest["vignettes"]
    ]
    old = replace(
        context,
        shapes=context.shapes.iloc[:0],
        tendencies=context.tendencies.iloc[:0],
        manifest={**context.manifest, "vignettes": vignettes, "statements": []},
    )  # fmt: skip
    said = words(page_html("en", old, "explanations"))
    assert "How the score changes with the value" not in said
    assert "Where practice expected" not in said
    assert "Fictional case 1" in said
    assert "Raises the score" not in said
    none = words(page_html("en", fake.context("descriptive_only"), "explanations"))
    assert "No model was made, so there is nothing to explain." in none
    assert "Fictional case" not in none


@pytest.mark.parametrize("code", LANGUAGES)
def test_what_enters_is_escaped_and_no_refused_word_is_used(code: str) -> None:
    nasty = "<b>x</b>"
    bins = made.shapes()
    bins["category"] = bins["category"].mask(bins["category"] == "B&B", nasty)
    found = page(code, shapes=bins)
    assert nasty not in found
    assert found.count("&lt;b&gt;x&lt;/b&gt;") >= 3, "in the picture, its table and its sentence"
    assert "&amp;lt;" not in found
    assert not refused_wording(words(found), code)


def test_a_feature_without_a_line_is_called_by_its_factor() -> None:
    context = replace(fake.context("fit"), features=())
    line = shapes_of(context)["forum_28d"].line
    assert line == FeatureLine("forum_28d", "forum")
    assert isinstance(shapes_of(context)["forum_28d"], Shape)
    assert "Posts read in the forum" in words(page_html("en", context, "explanations"))


def test_a_part_that_is_withheld_is_not_called_small() -> None:
    bins = made.shapes()
    at = (bins["feature"] == "late_submissions_28d") & (bins["position"] == 3)
    bins.loc[at, ["mean_contribution", "low", "high", "n"]] = None
    said = words(page(shapes=bins))
    assert "2 and more not shown – –" in said
    assert "Higher than on average: 1 (slightly)." in said


def test_tendencies_leave_in_hundredths_and_small_ones_not_at_all() -> None:
    profile = profile_of("default", 10)
    exact = made.tendencies()
    exact.loc[0, ["auc", "low", "high", "n"]] = [0.6612, 0.6349, 0.6888, 18003]
    exact.loc[2, "n"] = 7
    safe = protect_tendencies(exact, profile)
    assert safe.loc[0, ["auc", "low", "high", "n"]].tolist() == [0.66, 0.63, 0.69, 18005]
    assert safe.loc[[1, 2], ["auc", "low", "high", "n"]].isna().all(axis=None)
    assert safe["reason"].notna().tolist() == [False, True, True, False, False, False, False]


def test_every_sentence_of_the_page_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()
    say = Language.t

    def listening(self: Language, key: str, **values: Any) -> Any:
        asked.add(key)
        return say(self, key, **values)

    monkeypatch.setattr(Language, "t", listening)
    context = fake.context("fit")
    bins = made.shapes()
    few = bins.assign(mean_contribution=bins["mean_contribution"] / 100)
    mixed = bins.copy()
    mixed.loc[(mixed["feature"] == "forum_28d") & (mixed["position"] == 3), "mean_contribution"] = 0.09
    withheld = bins.copy()
    withheld.loc[withheld["position"] == 2, ["n", "mean_contribution"]] = None
    touching = pd.DataFrame(
        [["forum", "forum_28d", k, "bin", *ends, None, mean, None, None, 900, None]
         for k, (ends, mean) in enumerate([((0.0, 0.0), -0.4), ((0.0, None), 0.4)])],
        columns=list(bins.columns),
    )  # fmt: skip
    test_nothing_against_expectations_is_said_too(keeps=False, past=False, said="none of them points another way")
    test_nothing_against_expectations_is_said_too(keeps=True, past=True, said="None of them points another way")
    for shown in (bins, few, mixed, withheld, touching):
        page_html("en", replace(context, shapes=shown), "explanations")
    turned = {"up": "down", "down": "up"}
    lines = [replace(line, direction=line.direction and turned[line.direction]) for line in context.features]
    page_html("en", replace(context, features=lines), "explanations")
    page_html("en", replace(context, shapes=mixed, tendencies=context.tendencies.iloc[:0]), "explanations")
    old = [{**case, "reasons": []} for case in context.manifest["vignettes"]]
    page_html("en", replace(context, manifest={**context.manifest, "vignettes": old}), "explanations")
    hidden = bins.copy()
    hidden.loc[hidden["feature"] == "mean_mark_28d", _FIGURES] = np.nan
    page_html("en", replace(context, shapes=hidden), "explanations")
    test_shapes_that_are_withheld_are_not_called_flat("en")
    test_that_nothing_moves_a_score_is_said_only_as_far_as_it_is_shown("en")
    for kind, low, high in ((None, None, None), ("count", 1.0, 2.0), ("age_years", 2.0, 2.0), ("count", None, 2.0)):
        range_words(EN, kind, low, high)
        range_words(EN, kind, low, high, below=True)
    families = ("shape.", "value.", "strength.", "against.", "fictional.")
    assert {key for key in catalogue("en") if key.startswith(families)} - asked == set()


@pytest.mark.parametrize("code", LANGUAGES)
def test_shapes_that_are_withheld_are_not_called_flat(code: str) -> None:
    bins = made.shapes()
    bins[_FIGURES] = np.nan
    found = page(code, shapes=bins, tendencies=made.tendencies().iloc[:0])
    said = words(found)
    assert _HARDLY[code] not in said
    assert _NO_FIGURE[code] not in said
    assert said.count(_NOT_SHOWN[code]) == 1 + len(made.KINDS), "in the section, and for every figure in the table"
    assert 'id="shape-0' not in found
    assert Language(code).plain("against.untold", n=7) in said
    for key in ("against.none", "against.none_in_model", "against.none_shown"):
        assert Language(code).plain(key) not in said


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_shape_that_is_withheld_among_others_is_counted_and_said_in_the_table(code: str) -> None:
    bins, language = made.shapes(), Language(code)
    bins.loc[bins["feature"].isin(["mean_mark_28d", "course_28d", "quiz_28d"]), _FIGURES] = np.nan
    context = fake.context("fit", shapes=bins)
    for feature in ("mean_mark_28d", "course_28d", "quiz_28d"):
        assert told(feature, language, context) == language.t("shape.untold")
    said = words(page_html(code, context, "explanations"))
    assert language.plain("shape.untold_some", n=3) in said
    assert language.plain("against.untold", n=2) in said, "nothing was expected of courses"
    assert _HARDLY[code] in told("credits_28d", language, context)


@pytest.mark.parametrize("code", LANGUAGES)
def test_that_nothing_moves_a_score_is_said_only_as_far_as_it_is_shown(code: str) -> None:
    bins, language = made.shapes(), Language(code)
    bins["mean_contribution"] *= 0.01
    assert language.plain("shape.none") in words(page(code, shapes=bins))
    bins.loc[bins["feature"] == "mean_mark_28d", _FIGURES] = np.nan
    said = words(page(code, shapes=bins, tendencies=made.tendencies().iloc[:0]))
    assert language.plain("shape.none") not in said
    assert language.plain("shape.none_shown") in said
    assert language.plain("shape.untold_some", n=1) in said
    assert language.plain("against.none_shown") in said


@pytest.mark.parametrize("code", LANGUAGES)
def test_parts_that_are_withheld_leave_open_what_the_others_cannot_say(code: str) -> None:
    language, bins = Language(code), made.shapes()
    late = bins["feature"] == "late_submissions_28d"
    bins.loc[late & (bins["position"] > 1), _FIGURES] = np.nan
    context = fake.context("fit", shapes=bins)
    assert shapes_of(context)["late_submissions_28d"].tendency == "untold"
    assert told("late_submissions_28d", language, context).startswith(language.t("shape.untold"))
    bins = made.shapes()
    late = bins["feature"] == "late_submissions_28d"
    bins.loc[late, "mean_contribution"] *= 0.01
    bins.loc[late & (bins["position"] == 3), _FIGURES] = np.nan
    context = fake.context("fit", shapes=bins)
    assert told("late_submissions_28d", language, context).startswith(language.t("shape.flat_shown"))
