"""The factor dictionary: complete in both languages, or a problem with its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import ValidationError

from features.words import Text, Words, check

TEXT = {"en": "word", "de": "Wort"}


@dataclass(frozen=True)
class Named:
    factor: str


def words(**changes: Any) -> Words:
    return Words.model_validate(
        {
            "case": {"one": TEXT, "many": TEXT},
            "outcome": TEXT,
            "factors": {"clicks": {"label": TEXT}},
            "attributes": {"band": {"label": TEXT, "values": {0: TEXT, "1-10": TEXT}}},
        }
        | changes
    )


def test_complete_words() -> None:
    assert check(words(), [Named("clicks")], ["band"]) == []
    assert check(words(), [Named("clicks")], {"band": ["0", "1-10"]}) == []


def test_missing_words_are_told_with_the_nearest() -> None:
    assert check(words(), [Named("click"), Named("click"), Named("zzz")], {"bnd": [], "band": ["0", "2"], "q": []}) == [
        (("factors",), "the factor “click” has no words.", "Did you mean “clicks”?"),
        (("factors",), "the factor “zzz” has no words.", "Add its label in en and de."),
        (("attributes", "band", "values"), "“band” has no words for “2”.", "Add it in en and de."),
        (("attributes",), "the protected attribute “bnd” has no words.", "Did you mean “band”?"),
        (("attributes",), "the protected attribute “q” has no words.", "Add its label."),
    ]


@pytest.mark.parametrize("text", [{"en": "only"}, {"en": "a", "de": " "}, {"en": "a", "de": "b", "fr": "c"}, "a"])
def test_a_language_left_out(text: Any) -> None:
    with pytest.raises(ValidationError):
        words(outcome=text)


def test_group_values_may_look_like_numbers() -> None:
    assert set(words().attributes["band"].values) == {"0", "1-10"}
    with pytest.raises(ValidationError):
        words(attributes={"band": {"label": TEXT, "values": ["a"]}})


def test_text_by_language() -> None:
    text = Text(en="word", de="Wort")
    assert (text["en"], text["de"]) == ("word", "Wort")
    with pytest.raises(KeyError):
        text["fr"]
