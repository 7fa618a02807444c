"""What commands refuse is of one language: every name that the code asks for, a list of answers, the word above it."""

from __future__ import annotations

import ast
import errno
from pathlib import Path

import pytest

import fairness_reports
from data_contracts.answers.checking import ADVICE, Fault
from data_contracts.answers.no_list import SENTENCES, NoListError
from data_contracts.errors import PackError, PlumblineError, RefusedError, UsageError, said_by_system
from fairness_reports.language import LANGUAGES, Language, catalogue, placeholders
from fairness_reports.refusals import refusal, without_scores
from tests.foreign_words import foreign_words

ROOT = Path(fairness_reports.__file__).parent.parent
GERMAN = Language("de")


def _asked() -> set[str]:
    """The names in calls of `refusal`."""
    found: set[str] = set()
    for room in ("fairness_reports", "pipelines"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "refusal":
                    name = node.args[2]
                    assert isinstance(name, ast.Constant), path.name
                    found.add(str(name.value))
    return found


def test_every_refusal_that_is_asked_for_has_its_sentence_and_none_is_left_over() -> None:
    keys = [key.split(".") for key in catalogue("de") if key.startswith("refused.")]
    assert {name for _, name, *part in keys if part == ["what"]} == _asked()
    assert {name for _, name, *part in keys if part == ["todo"]} <= _asked()


def test_an_error_is_of_its_class_and_wholly_of_one_language() -> None:
    told = refusal(UsageError, GERMAN, "no_team", where="--team", n=1200)
    assert str(told).startswith("--team: Kein offener Fall dieser Ausgabe gehört zu einem Team dieses Namens; 1.200 T")
    assert (type(told), told.exit_code, told.heading) == (UsageError, 2, "Fehler")
    english = refusal(UsageError, Language("en"), "no_team", where="--team", n=1)
    assert "with this name; 1 team has open cases. Names stand as delivered" in str(english)
    assert english.heading == "Error"
    refused = refusal(RefusedError, GERMAN, "list_expired")
    assert (refused.exit_code, refused.heading) == (3, "Abgewiesen")
    assert refused.reasons == ["Die Liste ist abgelaufen. Erstellen Sie mit --blind eine neue Liste."]
    assert refusal(RefusedError, GERMAN, "no_answer", reasons=["a"]).reasons == ["a"]


def test_the_reasons_of_the_verdict_are_of_the_language() -> None:
    manifest = {"headline": {"en": "a", "de": "b"}, "reasons": [{"text": {"en": "c", "de": "d"}}]}
    assert without_scores(GERMAN, manifest).reasons == ["b", "d"]
    assert without_scores(Language("en"), manifest).reasons == ["a", "c"]
    assert without_scores(GERMAN, manifest).what == "Es wurden keine Schätzwerte veröffentlicht."


def test_what_every_command_shares_is_english() -> None:
    assert PlumblineError("x").heading == PackError("pack", []).heading == "Error"
    assert RefusedError("x").heading == "Refused"


@pytest.mark.parametrize("rule", SENTENCES)
def test_a_file_that_is_no_list_is_told_in_both_languages(rule: str) -> None:
    english, german = (SENTENCES[rule][code] for code in LANGUAGES)
    for one, other in zip(english, german, strict=True):
        assert placeholders(one) == placeholders(other)
        assert not (foreign_words(one, "en") | foreign_words(other, "de")) - {"excel"}  # a name


def test_numbers_places_and_the_system_s_reasons_are_of_the_language() -> None:
    many = NoListError("too_many_rows", "a.csv", most=200_000)
    assert str(many.told("en")) == "a.csv: there are more than 200,000 rows. Give one list a file."
    assert str(many.told("de")).startswith("a.csv: Es sind mehr als 200.000 Zeilen.")
    twice = NoListError("column_twice", "a.csv", row=3, column="action")
    assert [twice.told(code).where for code in LANGUAGES] == ["a.csv, row 3", "a.csv, Zeile 3"]
    closed = NoListError("unreadable", "a.csv", reason=PermissionError(errno.EACCES, "Permission denied"))
    assert "(Permission denied)" in str(closed.told("en"))
    assert "(keine Berechtigung)" in str(closed.told("de"))
    assert said_by_system(OSError(errno.EIO, "Input/output error"), "de") == "EIO"
    assert said_by_system(OSError("lost"), "de") == "OSError"


def test_faults_of_cells_are_told_in_both_languages() -> None:
    for rule, (english, german) in ADVICE.items():
        assert not foreign_words(german, "de") - {"no", "yes"}, rule  # codes
        assert str(Fault(7, "view_before", rule)) == f"row 7, column “view_before”: {english}"
        assert Fault(7, "view_before", rule).told("de") == f"Zeile 7, Spalte „view_before“: {german}"
