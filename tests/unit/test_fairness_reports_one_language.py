"""In German there is no English word left but names, and the other way round: pages, home, a case, lists."""

from __future__ import annotations

import html

import pytest

from fairness_reports.caseload import blind_sheet, full_sheet
from fairness_reports.language import LANGUAGES, Language, catalogue
from fairness_reports.reports import PAGES, page_html
from fairness_reports.reports.case import case_page, case_text
from fairness_reports.reports.home import home_html
from tests import fairness_reports_caseload_data as lists
from tests import fairness_reports_fake as fake
from tests import fairness_reports_fake_audit as audit
from tests.fairness_reports_fake_records import contract
from tests.foreign_words import foreign_words, is_exempt, only, visible
from tests.unit.test_fairness_reports_case import a_case

pytestmark = pytest.mark.slow

FILES = {table.name.lower() for table in contract().tables}  # names of files of the fake pack


def test_the_lists_hold_many_words_and_the_commonest() -> None:
    assert min(len(only(code)) for code in LANGUAGES) > 1000
    assert {"the", "and", "not", "recorded", "overall", "missing", "group", "march"} <= only("en")
    assert {"der", "und", "nicht", "erfasst", "insgesamt", "fehlt", "gruppe", "märz"} <= only("de")
    assert not {"in", "an", "so", "plumbline", "september"} & (only("en") | only("de"))


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_sentence_of_the_catalogue_holds_a_common_word_of_the_other_language(code: str) -> None:
    other = next(each for each in LANGUAGES if each != code)
    for key, message in catalogue(code).items():
        forms = message.values() if isinstance(message, dict) else [message]
        assert is_exempt(key) or not [found for form in forms if (found := foreign_words(form, code))], key
    assert foreign_words(str(catalogue(other)["site.footer"]), code)


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("verdict", ["fit", "not_fit", "descriptive_only"])
def test_pages_are_in_one_language(verdict: str, code: str) -> None:
    context = fake.context(verdict, simulated=True) if verdict == "fit" else fake.context(verdict, charter=None)
    for name in PAGES:
        found = foreign_words(visible(page_html(code, context, name), code), code)
        assert not found - FILES, (name, found)


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_whole_fairness_page_and_the_page_of_the_home_are_in_one_language(code: str) -> None:
    assert not foreign_words(visible(page_html(code, audit.whole(), "fairness"), code), code)
    assert not foreign_words(visible(home_html(code, fake.programmes("fit")), code), code)


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("informative", [True, False])
def test_what_is_said_of_a_case_is_in_one_language(code: str, informative: bool) -> None:
    case = a_case((0.5, -0.4, 0.3, 0.001), informative=informative, headline="–")
    shown = {"factor", "unheard", "of"} if code == "de" else set()  # codes without words in the fake dictionary
    assert not foreign_words(case_text(Language(code), case), code) - shown
    assert not foreign_words(visible(case_page(Language(code), case), code), code) - shown


@pytest.mark.parametrize("code", LANGUAGES)
def test_lists_are_in_one_language(code: str) -> None:
    language = Language(code)
    for make in (full_sheet, blind_sheet):
        sheet = make(language, lists.team_list(), lists.about(simulated=True))
        said = [sheet.title, sheet.subtitle, sheet.footer, sheet.until, sheet.answering, *sheet.heads]
        said += [part for note in sheet.notes for part in note] + [cell for row in sheet.rows for cell in row]
        given = {"low", "met", "the", "thresholds"}  # the fake verdict, and a band without words
        assert not foreign_words(html.unescape(" ".join(said)), code) - given


def test_a_page_with_a_word_of_the_other_language_is_found() -> None:
    page = '<p>Alles gut. <b title="overall">Overall</b> <code>the</code> <i lang="en">which</i></p><style>and</style>'
    assert foreign_words(visible(page, "de"), "de") == {"overall"}
    assert foreign_words(visible(page.replace("Overall", "x"), "de"), "de") == {"overall"}, "labels are seen, too"
