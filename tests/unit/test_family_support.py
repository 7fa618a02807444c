"""The pack of family_support: what it promises in its comments and its page holds in its files."""

from __future__ import annotations

import pytest

from pipelines.packs import Pack, load_pack


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack("family_support")


def test_it_loads_signed_off_and_says_that_it_is_simulated(pack: Pack) -> None:
    assert pack.programme.simulated
    assert pack.charter.is_signed_off


def test_every_value_of_a_protected_attribute_has_words(pack: Pack) -> None:
    persons = pack.contract.table("persons")
    for name in pack.programme.protected.attributes:
        (rule,) = persons.column(name).quality
        assert set(rule["arguments"]["validValues"]) == set(pack.words.attributes[name].values)
        assert "protected" in persons.column(name).tags


def test_every_factor_with_words_is_used(pack: Pack) -> None:
    assert {feature.factor for feature in pack.programme.features} == set(pack.words.factors)


def test_no_feature_comes_from_the_outcome_or_from_another_person(pack: Pack) -> None:
    for feature in pack.programme.features:
        events = getattr(feature, "events", None)
        assert events is None or "crisis_placement" not in events.type
        assert not hasattr(feature, "attribute")


def test_no_contract_names_the_truth(pack: Pack) -> None:
    for table in pack.contract.tables:
        assert all("truth" not in pattern and "/" not in pattern for pattern in table.patterns)
        assert not {"crisis_on", "recorded"} & {column.header for column in table.columns}


def test_the_charter_prohibits_removal_in_both_languages(pack: Pack) -> None:
    assert "Never removal" in pack.charter.decision_supported.en
    assert "Niemals Herausnahme" in pack.charter.decision_supported.de
    assert any("Removing a child" in use.en for use in pack.charter.prohibited_uses)


def test_what_is_judged_and_what_is_not(pack: Pack) -> None:
    judged = {(gap.metric, gap.attribute) for gap in pack.charter.fairness}
    assert judged == {(metric, name) for metric in ("fnr", "fpr") for name in ("community", "sex")}
    assert all(gap.reason.en and gap.reason.de for gap in pack.charter.fairness)
