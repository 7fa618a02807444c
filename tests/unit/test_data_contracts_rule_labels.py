"""What reports call the rules of a contract, in both languages; tables keep the name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from data_contracts.rules import compile_rules, rule_labels
from data_contracts.rules.items import Item
from fairness_reports.reports import page_html
from features.words import Text
from pipelines.packs import BUILT_IN, load_pack
from tests import fairness_reports_fake as fake

RULE: dict[str, Any] = {"name": "some rows", "metric": "rowCount", "mustBeGreaterThan": 0}
LABEL = {"en": "some rows", "de": "es gibt Zeilen"}


def labelled(value: object, **changes: Any) -> dict[str, Any]:
    return {**RULE, "customProperties": [{"property": "label", "value": value}], **changes}


def test_a_rule_has_a_label_in_both_languages_or_none() -> None:
    assert Item.model_validate(labelled(LABEL)).label == LABEL
    assert Item.model_validate(RULE).label is None
    assert Item.model_validate({**RULE, "customProperties": [{"property": "other.tool", "value": 1}]}).label is None


@pytest.mark.parametrize(
    ("value", "changes"),
    [
        ("some", {}),
        ({"en": "some"}, {}),
        ({"en": "some", "de": " "}, {}),
        (LABEL | {"fr": "x"}, {}),
        (LABEL, {"name": None}),
    ],
)
def test_a_label_with_a_mistake_is_refused(value: object, changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="label"):
        Item.model_validate(labelled(value, **changes))


@pytest.mark.parametrize("programme", ["family_support", "student_support"])
def test_every_rule_that_a_contract_names_itself_has_a_label(programme: str) -> None:
    contract = load_pack(str(BUILT_IN / programme)).contract
    named = {(rule.table, rule.name) for rule in compile_rules(contract) if ":" not in rule.name}
    labels = rule_labels(contract)
    assert named - {(table.name, "primary key") for table in contract.tables} == set(labels)
    assert all(said["en"] == name and said["de"] != name for (_, name), said in labels.items())


def test_the_page_says_a_rule_by_its_label_and_by_its_name_without_one() -> None:
    context = fake.context("fit")
    rule = ("studentAssessment", "jahresbericht_2014")
    context = replace(context, rule_labels={rule: Text(en="<i>one</i> a year", de="einer im Jahr")})
    for code, said in (("en", "&lt;i&gt;one&lt;/i&gt; a year"), ("de", "einer im Jahr")):
        page = page_html(code, context, "quality")
        assert said in page
        assert rule[1] not in page
        assert f"<code>{rule[1]}</code>" in page_html(code, fake.context("fit"), "quality")


def test_the_page_says_the_rules_without_a_column_in_its_own_language() -> None:
    context = fake.context("fit")
    own = context.quality[context.quality["rule"] == "fields"]
    more = pd.concat([context.quality, own.assign(rule="primary key"), own.assign(rule="rowCount")], ignore_index=True)
    context = replace(context, quality=more)
    for code, said in (("en", "every primary key stands once only"), ("de", "jeder Primärschlüssel steht nur einmal")):
        page = page_html(code, context, "quality")
        assert said in page
        assert "primary key</code>" not in page
        assert "rowCount" not in page
