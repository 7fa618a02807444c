"""Both languages are complete, numbers and dates have the language's own form, and refused words are found."""

from __future__ import annotations

import re
from datetime import date

import pytest
from markupsafe import Markup

from data_contracts.errors import PlumblineError
from fairness_reports.language import LANGUAGES, Language, catalogue, placeholders
from features.words import Text

ENGLISH = re.compile(
    r"\b(the|of|and|with|is|are|were|not|for|this|that|by|from|between|cases|score|value|within)\b", re.I
)
GERMAN = re.compile(r"\b(der|das|und|mit|ist|sind|nicht|für|von|zwischen|Fälle|eine?n?|wird|werden|zu|bei)\b")


def forms(message: object) -> list[str]:
    found = message.values() if isinstance(message, dict) else [message]
    # placeholders, and options of commands, which are the same in every language
    return [re.sub(r"\{\w+\}|--[a-z-]+( [a-z]+)?", "", str(form)) for form in found]


def test_both_catalogues_have_the_same_sentences_with_the_same_placeholders() -> None:
    english, german = (catalogue(code) for code in LANGUAGES)
    assert english.keys() == german.keys()
    for key, message in english.items():
        assert type(message) is type(german[key]), key
        assert placeholders(message) == placeholders(german[key]), key
        assert all(form.strip() for form in forms(message) + forms(german[key])), key


def test_no_sentence_is_in_the_wrong_language() -> None:
    for key, message in catalogue("de").items():
        if key != "site.other_language" and not key.startswith("source."):  # names of columns are English
            assert not [found for form in forms(message) if (found := ENGLISH.findall(form))], key
    for key, message in catalogue("en").items():
        if key != "site.other_language":
            assert not [found for form in forms(message) if (found := GERMAN.findall(form))], key


def test_numbers_have_the_language_s_form() -> None:
    english, german = Language("en"), Language("de")
    assert (english.number(12345.678, 1), german.number(12345.678, 1)) == ("12,345.7", "12.345,7")
    assert (english.percent(0.234), german.percent(0.234)) == ("23%", "23\u00a0%")
    assert (english.points(-0.0312), german.points(0.05)) == ("−3.1 points", "+5,0 Prozentpunkte")
    assert english.signed(0.004) == "0.00"
    assert english.number(-0.001, 2) == "0.00"  # no minus zero
    assert english.date(date(2014, 10, 31)) == "31 October 2014"
    assert german.date("2014-10-31T03:00:00Z") == "31. Oktober 2014"
    assert english.listing(["a"]) == "a"
    assert english.listing([]) == ""
    assert german.listing(["a", "<b>", "c"]) == "a, &lt;b&gt; und c"


def test_unknown_figures_are_a_dash() -> None:
    language = Language("en")
    nothing = float("nan")
    for shown in (language.number, language.percent, language.points, language.signed):
        assert shown(None) == "–" == shown(nothing)
    assert language.date(None) == "–" == language.date(nothing)  # type: ignore[arg-type]  # as pandas gives it


def test_sentences_choose_one_or_many_and_escape_what_enters() -> None:
    language = Language("de")
    assert language.t("form.days", n=1) == "1 Tag"
    assert language.t("form.days", n=1200) == "1.200 Tage"
    assert language.t("site.credit", credit="<b>&") == "Quelle der Daten: &lt;b&gt;&amp;"
    assert isinstance(language.t("site.skip"), Markup)
    with pytest.raises(PlumblineError, match="no sentence “nowhere”"):
        language.t("nowhere")


def test_words_of_codes_and_of_programmes() -> None:
    language = Language("de")
    assert language.word("state", "within") == "innerhalb"
    assert language.word("state", "some_<new>") == "some &lt;new&gt;"
    assert language.text(Text(en="a", de="b")) == language.text({"en": "a", "de": "b"}) == "b"
    assert language.text("as is") == "as is"
    assert language.text(None) == ""


def test_a_period_that_is_a_day_is_written_out() -> None:
    assert Language("de").period("2024-01-01") == "1. Januar 2024"
    assert Language("en").period("2024-01-01") == "1 January 2024"
    assert [Language("en").period(name) for name in ("2013J", "no-day-now", "2024-13-01", None)] == [
        "2013J", "no-day-now", "2024-13-01", "–",
    ]  # fmt: skip
