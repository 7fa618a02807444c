"""Refused words are found wherever they stand, harmless uses are not, and a pack that uses them does not load."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_contracts.errors import PackError
from fairness_reports.language import LANGUAGES, catalogue
from fairness_reports.wording import check_texts, check_words, outcome_wording, refused_wording
from pipelines.packs import load_pack
from tests import fairness_reports_fake as fake
from tests.pack_copies import copy_pack

PRESCRIBED = {"caseload.footer"}  # this sentence is set, word for word


def test_no_sentence_uses_refused_words() -> None:
    for code in LANGUAGES:
        for key, message in catalogue(code).items():
            forms = message.values() if isinstance(message, dict) else [message]
            found = [word for form in forms for word in refused_wording(form, code)]
            assert bool(found) == (key in PRESCRIBED), (key, found)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", "the probability of abuse is high"), ("en", "likelihood of child neglect"), ("en", "the abuse score"),
        ("en", "a dangerous family"), ("en", "an at-risk child"), ("en", "children at risk"),
        ("en", "a high-risk person"),
        ("en", "risk level: 3"), ("en", "children in need"), ("en", "the level of need"), ("en", "they need support"),
        ("en", "there is no need for help"), ("en", "verdict: fit"), ("en", "the model is unfit"),
        ("en", "absence causes withdrawal"), ("en", "absence leads to withdrawal"),
        ("en", "late fees led directly to it"),
        ("en", "what drives the score"), ("en", "absence drives withdrawal"), ("en", "a call triggers it"),
        ("en", "due to absence"), ("en", "because of age"), ("en", "the effect of age"), ("en", "age affects it"),
        ("en", "the impact of age on the outcome"), ("en", "age influences it"), ("en", "resulting in placement"),
        ("en", "age makes it more likely"), ("en", "it raises the chance of it"), ("en", "the model predicts that"),
        ("en", "this child will be placed"), ("en", "students likely to withdraw"), ("en", "will soon abuse"),
        ("de", "die Missbrauchswahrscheinlichkeit"), ("de", "Wahrscheinlichkeit einer Misshandlung"),
        ("de", "Risiko für Kindeswohlgefährdung"), ("de", "eine gefährliche Familie"), ("de", "ein Gefährder"),
        ("de", "gefährdete Kinder"), ("de", "eine Risikofamilie"), ("de", "Hochrisikofälle"),
        ("de", "der Bedarf der Familie"), ("de", "hoher Hilfebedarf"), ("de", "bedürftige Familien"),
        ("de", "Familien, die Hilfe brauchen, oder er braucht dringend Hilfe"), ("de", "das Modell ist geeignet"),
        ("de", "Fehlzeiten führen zu Abbrüchen"), ("de", "Fehlzeiten führen häufiger zum Abbruch"),
        ("de", "Fehlzeiten verursachen Abbrüche"), ("de", "die Ursache"), ("de", "Fehlzeiten bewirken das"),
        ("de", "sie lösen Abbrüche aus"), ("de", "ein Auslöser"), ("de", "aufgrund der Fehlzeiten"),
        ("de", "bedingt durch das Alter"), ("de", "der Einfluss des Alters"), ("de", "das Alter beeinflusst es"),
        ("de", "die Auswirkung des Alters"), ("de", "der Effekt des Alters"), ("de", "infolge der Fehlzeiten"),
        ("de", "auf das Alter zurückzuführen"), ("de", "das Modell sagt voraus, dass"),
        ("de", "die Person wird das Modul abbrechen"),
    ],
)  # fmt: skip
def test_refused_words_are_found(code: str, text: str) -> None:
    assert refused_wording(text, code)
    assert refused_wording(text.upper(), code)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", "A factor that goes along with the outcome need not be a reason for it."), ("en", "at least 100 needed"),
        ("en", "The charter needs a reason."), ("en", "the model's results in the sealed test"),
        ("en", "Impact on fundamental rights"), ("en", "a high-risk AI system"), ("en", "persons affected"),
        ("en", "driving licence"), ("en", "at risk of re-identification"),
        ("en", "because their records were corrected"),
        ("en", "Figures will be shown."), ("en", "leading digits"), ("en", "outfit"),
        ("de", "bei Bedarf"), ("de", "Das bedarf einer Prüfung."), ("de", "sonderpädagogischer Förderbedarf"),
        ("de", "Auswirkungen auf die Grundrechte"), ("de", "ein Hochrisiko-KI-System"), ("de", "die Geführten"),
        ("de", "Daraus wird eine Liste."), ("de", "Pflegebedürftigkeit"), ("de", "geeignete Räume"), ("de", "zuführen"),
    ],
)  # fmt: skip
def test_harmless_uses_are_left_alone(code: str, text: str) -> None:
    assert refused_wording(text, code) == []


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", "was abused within a year"), ("en", "suffered neglect"), ("en", "was in danger"),
        ("en", "came to harm"),
        ("en", "needed protection"), ("en", "is likely to withdraw"), ("en", "was maltreated"),
        ("en", "unsafe at home"),
        ("de", "wurde missbraucht"), ("de", "wurde vernachlässigt"), ("de", "war gefährdet"), ("de", "kam zu Schaden"),
        ("de", "hatte Hilfebedarf"), ("de", "hatte ein hohes Risiko"), ("de", "erlebte häusliche Gewalt"),
    ],
)  # fmt: skip
def test_an_outcome_is_the_agencys_event_and_nothing_more(code: str, text: str) -> None:
    assert outcome_wording(text, code)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", "had a crisis placement recorded within 180 days"), ("en", "withdrew from the module within 90 days"),
        ("en", "had a registration for neglect within a year"), ("en", "had abuse substantiated within a year"),
        ("de", "hat das Modul innerhalb von 90 Tagen abgebrochen"), ("de", "Kindeswohlgefährdung festgestellt (§ 8a)"),
        ("de", "innerhalb von 180 Tagen wurde eine Unterbringung in einer Krise erfasst"),
    ],
)  # fmt: skip
def test_an_outcome_that_says_that_it_was_recorded_is_left_alone(code: str, text: str) -> None:
    assert outcome_wording(text, code) == []


def test_words_are_told_with_their_place() -> None:
    words = fake.words()
    assert check_words(words) == []
    bad = words.model_copy(update={"outcome": fake.text("was harmed", "wurde erfasst")})
    assert [place for place, _, _ in check_words(bad)] == [("outcome", "en")]
    questions = [fake.text("a", "b"), fake.text("Why?", "Was hat die Familie aufgrund dessen getan?")]
    told = check_texts(words.model_copy(update={"questions": questions}), "questions")
    assert [place for place, _, _ in told] == [("questions", 1, "de")]
    assert "aufgrund" in told[0][1]


def test_a_pack_that_uses_refused_words_does_not_load(tmp_path: Path) -> None:
    copy = copy_pack(tmp_path / "family_support")
    words = (copy / "words.yaml").read_text(encoding="utf-8")
    words = words.replace("en: had a crisis placement recorded within 180 days", "en: came to harm within 180 days")
    words = words.replace("en: Referrals by others", "en: Dangerous homes")
    (copy / "words.yaml").write_text(words, encoding="utf-8")
    programme = (copy / "programme.yaml").read_text(encoding="utf-8")
    start = programme.index("en: ", programme.index("\ndescription:")) + 4
    (copy / "programme.yaml").write_text(programme[:start] + "Who is in need. " + programme[start:], encoding="utf-8")
    with pytest.raises(PackError) as raised:
        load_pack(str(copy))
    told = {(mistake.file, mistake.what.split("”")[0].strip("“")): mistake for mistake in raised.value.mistakes}
    assert set(told) == {("words.yaml", "harm"), ("words.yaml", "Dangerous"), ("programme.yaml", "in need")}
    assert all(mistake.line > 1 and mistake.todo for mistake in told.values())
    line = (copy / "words.yaml").read_text(encoding="utf-8").splitlines()[told["words.yaml", "harm"].line - 1]
    assert "came to harm" in line


def test_a_charter_may_quote_what_is_prohibited(tmp_path: Path) -> None:
    copy = copy_pack(tmp_path / "family_support")
    text = (copy / "charter.yaml").read_text(encoding="utf-8")
    start = text.index("en: ", text.index("prohibited")) + 4
    (copy / "charter.yaml").write_text(text[:start] + "No list of dangerous people. " + text[start:], encoding="utf-8")
    assert load_pack(str(copy)).name == "family_support"
