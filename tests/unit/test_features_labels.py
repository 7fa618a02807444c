"""What a feature is called and what stands in its cell where there is nothing, in both languages."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter

from features.kinds import KINDS
from features.labels import label, labels, missing_rule
from features.spec import FeatureSpec
from features.words import Text, Words
from pipelines.packs import load_pack

FEATURES: TypeAdapter[list[FeatureSpec]] = TypeAdapter(list[FeatureSpec])
NOUN = {"en": "case", "de": "Fall"}
WORDS = Words.model_validate(
    {
        "case": {"one": NOUN, "many": NOUN},
        "outcome": NOUN,
        "factors": {"missed": {"label": {"en": "Missed appointments", "de": "Versäumte Termine"}}},
    }
)


def feature(**changes: Any) -> FeatureSpec:
    fields = {"name": "n", "kind": "count", "factor": "missed", "events": {"type": "contact"}, "window": "90d"}
    [spec] = FEATURES.validate_python([fields | changes])
    return spec


def both(**changes: Any) -> tuple[str, str]:
    said = label(feature(**changes), WORDS)
    return said.en.removeprefix("Missed appointments: "), said.de.removeprefix("Versäumte Termine: ")


def test_the_factor_the_kind_and_the_window_make_a_name() -> None:
    said = label(feature(), WORDS)
    assert said == Text(
        en="Missed appointments: how many, last 90 days", de="Versäumte Termine: Anzahl, letzte 90 Tage"
    )


def test_days_since_stand_once_where_the_factor_already_says_them() -> None:
    last = {"en": "Days since the last call", "de": "Tage seit dem letzten Anruf"}
    words = WORDS.model_copy(
        update={"factors": {"missed": WORDS.factors["missed"].model_copy(update={"label": Text(**last)})}}
    )
    since = label(feature(kind="days_since_last", window="2y", missing=730), words)
    assert since == Text(en="Days since the last call: last 2 years", de="Tage seit dem letzten Anruf: letzte 2 Jahre")
    [opened] = FEATURES.validate_python([{"name": "o", "kind": "days_since_opened", "factor": "missed"}])
    assert label(opened, words) == Text(**last)
    assert label(feature(), words).en == "Days since the last call: how many, last 90 days", "another kind is told"


@pytest.mark.parametrize(
    ("window", "en", "de"),
    [
        ("1d", "the day before", "am Vortag"),
        ("1w", "last 7 days", "letzte 7 Tage"),
        ("8w", "last 8 weeks", "letzte 8 Wochen"),
        ("1y", "last 12 months", "letzte 12 Monate"),
        ("2y", "last 2 years", "letzte 2 Jahre"),
        ("0d..30d", "last 30 days", "letzte 30 Tage"),
        ("90d..1y", "90 days to 1 year ago", "vor 90 Tagen bis 1 Jahr"),
        ("90d..180d", "90 to 180 days ago", "vor 90 bis 180 Tagen"),
        ("1w..3y", "1 week to 3 years ago", "vor 1 Woche bis 3 Jahren"),
        ("all", "at any time so far", "jemals bisher"),
    ],
)
def test_windows_in_words(window: str, en: str, de: str) -> None:
    assert both(window=window, reason="why") == (f"how many, {en}", f"Anzahl, {de}")


@pytest.mark.parametrize(
    ("window", "en", "de"),
    [
        ("1d", "begun the day before", "am Vortag begonnen"),
        ("5y", "begun in the last 5 years", "in den letzten 5 Jahren begonnen"),
        ("1y..2y", "begun 1 to 2 years ago", "begonnen vor 1 bis 2 Jahren"),
        ("all", "begun at any time", "wann immer begonnen"),
    ],
)
def test_of_episodes_the_window_asks_when_they_began(window: str, en: str, de: str) -> None:
    said = both(kind="open_episodes", window=window, reason="why")
    assert said == (f"how many are open, {en}", f"Anzahl der laufenden, {de}")


@pytest.mark.parametrize(
    ("changes", "en", "de"),
    [
        ({"scope": "case"}, "how many, of this case only, last 90 days", "Anzahl, nur dieser Fall, letzte 90 Tage"),
        (
            {"scope": "association", "lag": "30d"},
            "how many, of other people in the household, last 90 days, known for at least 30 days",
            "Anzahl, bei anderen im Haushalt, letzte 90 Tage, seit mindestens 30 Tagen bekannt",
        ),
        (
            {"lag": "1w"},
            "how many, last 90 days, known for at least 1 week",
            "Anzahl, letzte 90 Tage, seit mindestens 1 Woche bekannt",
        ),
        (
            {"events": {"type": "contact", "value": {"at_least": 1.5, "below": 10}}},
            "how many, values at least 1.5 and below 10, last 90 days",
            "Anzahl, Werte mindestens 1,5 und unter 10, letzte 90 Tage",
        ),
        (
            {"kind": "share", "of": ["missed_late", "missed"]},
            "share of “missed late” or “missed”, last 90 days",
            "Anteil von „missed late“ oder „missed“, letzte 90 Tage",
        ),
        (
            {"kind": "change", "measure": "mean", "compared_with": "90d..180d"},
            "change in average, last 90 days compared with 90 to 180 days ago",
            "Veränderung des Durchschnitts, letzte 90 Tage im Vergleich zu: vor 90 bis 180 Tagen",
        ),
    ],
)
def test_scope_lag_values_and_comparisons_in_words(changes: dict[str, Any], en: str, de: str) -> None:
    assert both(**changes) == (en, de)


def test_a_label_of_its_own_counts_and_a_factor_without_words_is_named_by_its_key() -> None:
    own = {"en": "No-shows", "de": "Nicht erschienen"}
    assert label(feature(label=own), WORDS) == Text(**own)
    assert label(feature(factor="home_visits"), WORDS).de == "home visits: Anzahl, letzte 90 Tage"


def test_features_that_would_be_called_the_same_name_their_events() -> None:
    specs = [
        feature(name="a", events={"type": "contact", "category": "missed"}),
        feature(name="b", events={"type": ["contact", "phone_call"], "category": ["missed", "late"]}),
        feature(name="c", window="30d"),
    ]
    said = labels(specs, WORDS)
    assert said["a"].en == "Missed appointments: how many, events “contact” (“missed”), last 90 days"
    assert said["b"].de == (
        "Versäumte Termine: Anzahl, Ereignisse „contact“ oder „phone call“ („missed“ oder „late“), letzte 90 Tage"
    )
    assert said["c"].en == "Missed appointments: how many, last 30 days"


@pytest.mark.parametrize("name", ["family_support", "student_support"])
def test_no_two_features_of_a_pack_are_called_the_same(name: str) -> None:
    pack = load_pack(name)
    said = labels(pack.programme.features, pack.words).values()
    assert len({text.en for text in said}) == len({text.de for text in said}) == len(pack.programme.features)


@pytest.mark.parametrize(
    ("changes", "en", "de"),
    [
        ({}, "0 when nothing happened", "0, wenn nichts geschehen ist"),
        (
            {"source": "contacts"},
            "0 when nothing happened; missing where it was not collected",
            "0, wenn nichts geschehen ist; fehlt, wo es nicht erhoben wurde",
        ),
        ({"kind": "mean"}, "missing when there is no value", "fehlt, wenn es keinen Wert gibt"),
        ({"kind": "max", "missing": 1.5}, "1.5 when there is no value", "1,5, wenn es keinen Wert gibt"),
        (
            {"kind": "change", "compared_with": "90d..180d"},
            "0 when both windows are empty",
            "0, wenn beide Zeiträume leer sind",
        ),
        (
            {"kind": "change", "compared_with": "90d..180d", "measure": "mean"},
            "missing when either window has no value",
            "fehlt, wenn einer der Zeiträume keinen Wert hat",
        ),
        ({"kind": "longest_gap"}, "missing when there are fewer than two", "fehlt, wenn es weniger als zwei gibt"),
    ],
)
def test_the_missing_rule_in_words(changes: dict[str, Any], en: str, de: str) -> None:
    assert missing_rule(feature(**changes)) == Text(en=en, de=de)


def test_the_missing_rule_of_what_is_no_event() -> None:
    raw: list[dict[str, Any]] = [
        {"name": "a", "kind": "attribute_number", "factor": "f", "attribute": "a", "missing": "zero"},
        {"name": "b", "kind": "calendar_month", "factor": "f"},
    ]
    category = {"name": "c", "kind": "attribute_category", "factor": "f", "attribute": "a", "categories": ["x"]}
    raw += [category | {"missing": how} for how in ("zero", "missing", "column")]
    assert [missing_rule(spec).en for spec in FEATURES.validate_python(raw)] == [
        "0 when nothing is recorded",
        "always known",
        "0 in every column when nothing is recorded",
        "missing when nothing is recorded",
        "a column of its own when nothing is recorded",
    ]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_has_words_in_both_languages(kind: Any) -> None:
    [spec] = FEATURES.validate_python(yaml.safe_load(kind.example))
    said, rule = label(spec, WORDS), missing_rule(spec)
    assert len({said.en, said.de, rule.en, rule.de}) == 4
