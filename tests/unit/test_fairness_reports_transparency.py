"""The public records hold every field of their standard, invent nothing, and name who fills a gap."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data_contracts.contract import Bilingual, Contract
from fairness_reports.charter import Charter, Transparency
from fairness_reports.language import LANGUAGES, Language, catalogue, refused_wording
from fairness_reports.reports import ReportContext, page_html
from fairness_reports.reports.card import card_fields
from fairness_reports.reports.spans import cohort_spans, span_protected
from fairness_reports.transparency import FILES, records, write
from fairness_reports.transparency.atrs_model import datasets
from fairness_reports.transparency.records import entries
from features.words import Text
from pipelines.packs import load_pack
from tests import fairness_reports_fake as fake
from tests.fairness_reports_fake_records import WORDS, contract, everything, said
from tests.fairness_reports_identification_data import declare
from tests.unit.test_fairness_reports_charter import charter_data
from tests.unit.test_fairness_reports_reports import EVIL, seen, words

pytestmark = [pytest.mark.slow, pytest.mark.measured]

ROLES = {"owner", "practice_lead", "data_protection", "analyst", "supplier"}
# field lists as the standards have them, written out a second time
ATRS_FIELDS = [
    "organisation_name",
    "phase",
    "region",
    "name",
    "description",
    "website_url",
    "contact_email",
    "organisation_or_department",
    "team",
    "senior_responsible_owner",
    "third_party_involvement",
    "third_party",
    "companies_house_number",
    "third_party_role",
    "procurement_procedure_type",
    "third_party_data_access_terms",
    "detailed_description",
    "benefits",
    "previous_process",
    "alternatives_considered",
    "integration_into_broader_operational_process",
    "human_review",
    "frequency_and_scale_of_usage",
    "required_training",
    "appeals_and_review",
    "system_architecture",
    "system_level_input",
    "system_level_output",
    "maintenance",
    "models",
    "model_name",
    "model_version",
    "model_task",
    "model_input",
    "model_output",
    "model_architecture",
    "model_performance",
    "datasets_and_their_purposes",
    "development_data_description",
    "data_modality",
    "data_quantities",
    "sensitive_attributes",
    "data_completeness_and_representativeness",
    "data_cleaning",
    "data_collection",
    "data_access_and_storage",
    "data_sharing_agreements",
    "operational_data_sources",
    "operational_sensitive_attributes",
    "operational_data_processing_methods",
    "operational_data_access_and_storage",
    "operational_data_sharing_agreements",
    "impact_assessments",
    "risks_and_mitigations",
]
CARD_FIELDS = [
    "name",
    "version",
    "decision_supported",
    "prohibited_uses",
    "target",
    "horizon",
    "label",
    "label_rule",
    "owner",
    "monitoring",
    "stop_rule",
    "population",
    "selection",
    "observation",
    "as_of_dates",
    "splits",
    "baseline",
    "subgroups",
    "audited_model",
    "deployed_model",
    "code_version",
    "charter_hash",
    "config_hash",
    "inputs",
]
CARD_METRICS = {"auc", "average_precision", "brier", "calibration_in_the_large", "calibration_slope",
                "precision_at_capacity", "recall_at_capacity"}  # fmt: skip


def made(context: ReportContext | None = None, of: Contract | None = None) -> dict[str, Any]:
    return records(context or fake.context(), of or contract())


def by_field(record: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["field"]: each for each in entries(record["content"])}


@pytest.fixture(scope="module")
def plain() -> dict[str, Any]:
    return made()


@pytest.fixture(scope="module")
def answered() -> dict[str, Any]:
    return made(fake.context(charter=fake.charter(transparency=everything(), stop_rule=said("stop_rule"))))


def test_every_field_of_every_standard_is_there(plain: dict[str, Any]) -> None:
    atrs = list(entries(plain["atrs"]["content"]))
    assert [each["field"] for each in atrs] == ATRS_FIELDS
    numbers = [each["number"] for each in atrs]
    assert numbers == sorted(numbers, key=lambda number: [int(part) for part in number.split(".")])
    assert len(set(numbers)) == len(ATRS_FIELDS)
    official = {each["field"]: each["name"] for each in atrs}
    assert official["appeals_and_review"] == "Appeals and review"
    assert list(plain["impact_assessment"]["content"]) == [
        *(f"27(1)({point})" for point in "abcdef"), "27(3)", "27(4)",
    ]  # fmt: skip
    card = plain["model_card"]["content"]
    assert set(CARD_FIELDS) <= set(by_field(plain["model_card"]))
    assert {each["metric"] for each in card["performance"]} == CARD_METRICS
    assert all(each["low"] <= each["value"] <= each["high"] for each in card["performance"])
    assert {each["look_back_days"] for each in card["features"]} == {28, None}
    assert any("×" in each["attribute"] for each in card["groups"])
    assert len(card["excluded"]) == len(fake.GROUPS)


def test_every_table_and_column_of_the_contract_is_in_the_inventory(plain: dict[str, Any]) -> None:
    tables = plain["data_inventory"]["content"]["tables"]
    assert [table["table"] for table in tables] == [table.name for table in contract().tables]
    for told, table in zip(tables, contract().tables, strict=True):
        assert [each["column"] for each in told["columns"]] == [column.name for column in table.columns]
        for each, column in zip(told["columns"], table.columns, strict=True):
            assert each["tags"] == column.tags
            assert each["read"] is column.is_stored
            assert [entry["field"] for entry in each["fields"]] == ["purpose", "retention"]
        rows = {each["field"]: each for each in told["fields"]}["rows"]
        assert rows["missing"] == (table.name not in ("studentInfo", "studentAssessment")), "the only ones measured"
    info = next(table for table in tables if table["table"] == "studentInfo")
    assert info["fields"][0]["value"][0]["en"] == "studentInfo: about 32,595 rows", "rounded to the nearest five"


def test_small_tables_have_no_number() -> None:
    quality = fake.quality()
    quality.loc[quality["rule"] == "rows: rows", "value"] = 9.0
    tables = made(fake.context(quality=quality))["data_inventory"]["content"]["tables"]
    told = {table["table"]: table["fields"][0] for table in tables}
    for name in ("studentInfo", "studentAssessment"):
        assert told[name]["field"] == "rows"
        assert told[name]["value"] is None, "neither 9 nor the 10 that it would be rounded to"


def test_a_gap_names_the_role_that_fills_it_and_where(plain: dict[str, Any]) -> None:
    for record in plain.values():
        for each in entries(record["content"]):
            assert each["source"], each
            assert (each["who"] in ROLES) if each["missing"] else (each["who"] is None), each
            assert each["value"] or each["missing"], each
        listed = {(each["field"], each["source"]) for each in record["missing"]}
        assert listed == {(e["field"], e["source"]) for e in entries(record["content"]) if e["missing"]}
    missing = {each["field"]: each for each in plain["atrs"]["missing"]}
    assert missing["benefits"] == {"field": "benefits", "source": "charter.yaml: transparency.benefits", "who": "owner"}
    assert missing["human_review"]["who"] == "practice_lead"
    assert "alternatives_considered" not in missing, "the charter has an answer of its own"
    assert "appeals_and_review" not in missing, "the contact for disagreement answers it"


def test_what_people_said_stands_there_and_nothing_is_missing(answered: dict[str, Any]) -> None:
    everywhere = json.dumps(answered, ensure_ascii=False)
    for name in (*WORDS, "name", "role", "procurement", "data_access", "title", "summary", "risk", "mitigation",
                 "affected", "group", "harm", "likelihood", "second", "hurt"):  # fmt: skip
        assert said(name)["en"] in everywhere, name
        assert said(name)["de"] in everywhere, name
    for plain_text in ("https://example.org/tool", "tool@example.org", "01234567", "1 March 2026", "1. März 2026"):
        assert plain_text in everywhere
    # people are not what is missing here: the fake measures two tables, nobody has checked it, nobody declared
    assert answered["impact_assessment"]["missing"] == []
    assert {each["field"] for each in answered["atrs"]["missing"]} <= {"data_collection"}
    assert {each["field"] for each in answered["model_card"]["missing"]} == {
        "horizon", "output_checked_by", "observation",
    }  # fmt: skip


def test_every_field_of_the_charter_s_section_reaches_a_record(answered: dict[str, Any]) -> None:
    assert set(everything()) == set(Transparency.model_fields), "a new field needs a place in a record"


@pytest.mark.parametrize("gap", ["TODO", {"en": "TODO", "de": "TODO"}, {"en": "said", "de": "<wer>"}, None, ""])
def test_placeholders_are_missing_and_leak_nowhere(gap: Any) -> None:
    section = {**everything(), "benefits": gap, "website": "TODO", "phase": "TODO", "risks": "TODO",
               "harms": [{"group": gap, "harm": gap}], "affected_groups": [gap]}  # fmt: skip
    told = made(fake.context(charter=fake.charter(transparency=section)))
    atrs, impact = by_field(told["atrs"]), by_field(told["impact_assessment"])
    for each in (atrs["benefits"], atrs["website_url"], atrs["phase"], atrs["risks_and_mitigations"],
                 impact["specific_harms"], impact["affected_groups"]):  # fmt: skip
        assert each["missing"], each
        assert not each["value"], each
    text = json.dumps(told, ensure_ascii=False)
    assert "TODO" not in text
    assert "<wer>" not in text


def test_half_an_answer_is_shown_and_still_asks_for_the_rest() -> None:
    section = {"risks": [{"risk": said("a"), "mitigation": said("b")}, {"risk": said("c"), "mitigation": "TODO"}]}
    risks = by_field(made(fake.context(charter=fake.charter(transparency=section)))["atrs"])["risks_and_mitigations"]
    assert len(risks["value"]) == 1
    assert risks["missing"]
    process = by_field(made()["atrs"])["integration_into_broader_operational_process"]
    assert process["value"], "the decision is known"
    assert process["missing"], "how the work is done around it is not"


@pytest.mark.parametrize(
    ("listed", "says", "missing"),
    [(None, None, True), ([], "No, nobody outside", False), (everything()["third_parties"], "Yes", False)],
)
def test_others_are_involved_or_not_or_nobody_has_said(listed: Any, says: str | None, missing: bool) -> None:
    section = {} if listed is None else {"third_parties": listed}
    told = by_field(made(fake.context(charter=fake.charter(transparency=section)))["atrs"])
    assert told["third_party_involvement"]["missing"] is missing
    assert told["third_party"]["missing"] is missing
    if says is not None:
        assert told["third_party_involvement"]["value"][0]["en"].startswith(says)
    if listed == []:
        assert told["third_party"]["value"][0]["en"] == "Does not apply: nobody else is involved."


def test_a_gap_in_the_public_record_stops_no_run_and_changes_no_hash() -> None:
    before = Charter.model_validate(charter_data())
    after = Charter.model_validate(charter_data() | {"transparency": {"team": "TODO", "website": "TODO"}})
    assert after.is_signed_off
    assert after.sha256 == before.sha256, "words for the public record decide nothing: no model is trained again"
    pack = load_pack("student_support")
    filled = replace(
        pack, charter=pack.charter.model_copy(update={"transparency": Transparency(website="https://x.org")})
    )
    assert filled.config_hash != pack.config_hash, "but it is another release"


def test_without_a_charter_or_a_model() -> None:
    told = made(fake.context("descriptive_only", charter=None))
    atrs = by_field(told["atrs"])
    assert atrs["model_performance"]["value"][0]["en"] == "No model was made."
    assert not atrs["model_performance"]["missing"]
    assert atrs["senior_responsible_owner"]["missing"]
    assert by_field(told["impact_assessment"])["groups_audited"]["value"][0]["en"] == "No groups were audited."
    assert told["model_card"]["content"]["performance"] == []
    bare = ReportContext(manifest={"programme": "p", "release_id": "r"}, title=Text(en="a", de="b"), words=fake.words())
    assert "No records were made" in words(page_html("en", bare, "transparency"))


def test_the_same_release_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / name, made())
    assert [path.name for path in write(tmp_path / "one", made())] == [f"{name}.json" for name in FILES]
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
        told = json.loads(path.read_text(encoding="utf-8"))
        assert (told["release_id"], told["verdict"]) == ("2014-10-31-4f2a91c07d", "fit")


def test_figures_are_those_of_the_frames_alone() -> None:
    context = fake.context()
    metrics = context.metrics.copy()
    metrics.loc[(metrics["metric"] == "auc"), ["value", "low", "high"]] = None  # disclosure control withheld them
    told = made(replace(context, metrics=metrics))
    assert any("too few to say" in each["en"] for each in by_field(told["atrs"])["model_performance"]["value"])
    auc = next(each for each in told["model_card"]["content"]["performance"] if each["metric"] == "auc")
    assert (auc["value"], auc["low"], auc["high"]) == (None, None, None)


def test_no_value_is_escaped_in_the_files_and_every_one_on_the_page() -> None:
    odd = '5 < 6 & "seven"'  # words in <angles> would be a placeholder
    section = {name: {"en": odd, "de": odd} for name in WORDS} | {"website": odd}
    context = fake.context(title=Text(en=odd, de=odd), charter=fake.charter(transparency=section))
    table = contract().tables[0].model_copy(update={"purpose": EVIL, "retention": Bilingual(en=EVIL, de=EVIL)})
    told = made(context, contract().model_copy(update={"tables": [table]}))
    assert by_field(told["atrs"])["website_url"]["value"] == [odd]
    assert by_field(told["atrs"])["name"]["value"] == [{"en": odd, "de": odd}]
    fields = {each["field"]: each for each in told["data_inventory"]["content"]["tables"][0]["fields"]}
    assert fields["purpose"]["value"] == [EVIL]
    assert fields["retention"]["value"] == [{"en": EVIL, "de": EVIL}]
    for code in LANGUAGES:
        page = page_html(code, replace(context, records=told), "transparency")
        assert "script" not in seen(page).tags
        assert EVIL not in page.replace(html.escape(EVIL), "")
        assert page.count("&lt;script&gt;") >= 2
        assert odd not in page
        assert "5 &lt; 6 &amp;" in page


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("programme", ["family_support", "student_support", "everything"])
def test_the_page_is_in_one_language(programme: str, code: str) -> None:
    english = re.compile(r"\b(the|of|and|with|are|were|not|for|this|that|cases|score|within|who|until|when)\b")
    german = re.compile(r"\b(der|das|und|mit|ist|sind|nicht|für|von|zwischen|Fälle|eine?n?|wird|werden|zu|bei)\b")
    context = fake.context(charter=fake.charter(transparency=everything()))
    pack = None if programme == "everything" else load_pack(programme)
    if pack is not None:
        context = fake.context(charter=pack.charter)
        context = replace(context, records=made(context, pack.contract))
    page = page_html(code, context, "transparency")
    assert len(page.encode()) < 1_000_000
    named = r'<a class="language".*?</a>|<span class="sub" lang="en">.*?</span>|<code>.*?</code>'
    tables = "|".join(re.escape(table.name) for table in (contract() if pack is None else pack.contract).tables)
    text = re.sub(rf"\b(?:{tables})\b", "", words(re.sub(named, "", page)))  # names of files
    assert not (german if code == "en" else english).findall(text)
    quoted = "" if pack is None else pack.charter.model_dump_json()  # "... because of a score" is prohibited there
    assert set(refused_wording(text, code)) <= set(refused_wording(quoted, code))


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_page_lists_what_is_missing_by_role_and_the_six_kinds(code: str) -> None:
    text = words(page_html(code, fake.context(), "transparency"))
    gaps = text.split(str(catalogue(code)["transparency.missing_title"]))[-1]
    for must in ("who.owner", "who.practice_lead", "who.data_protection", "atrs.benefits", "impact.period"):
        assert str(catalogue(code)[must]) in gaps, must
    assert gaps.count("charter.yaml: transparency.human_review") == 1, "asked for once, not once per record"
    for kind in ("rationale", "responsibility", "data", "fairness", "safety_and_performance", "impact"):
        assert str(catalogue(code)[f"transparency.kind.{kind}"]) in text
    if code == "de":
        assert '<span class="sub" lang="en">Previous process</span>' in page_html(code, fake.context(), "transparency")


def test_nothing_missing_is_said() -> None:
    context = fake.context(simulated=True)
    told = {name: {**record, "missing": []} for name, record in made(context).items()}
    text = words(page_html("en", replace(context, records=told), "transparency"))
    assert "Every field has an answer." in text
    assert "so are the answers of people" in text


def test_the_card_names_files_without_a_hash_of_theirs(plain: dict[str, Any]) -> None:
    """Whoever knows all rows but one could try what the last one is until the hash fits."""
    delivered = fake.context().manifest["inputs"]
    assert by_field(plain["model_card"])["inputs"]["value"] == [
        {"en": each["file"], "de": each["file"]} for each in delivered
    ]
    assert delivered
    assert all(each["sha256"] not in json.dumps(plain) for each in delivered)


def test_the_card_says_how_far_ahead_and_for_whom_and_what_nobody_marked() -> None:
    text = words(page_html("en", fake.context(horizon="90d"), "model_card"))
    assert "Time within which it counts 90 days" in text
    assert "Until the planned end of the case" in words(
        page_html("en", fake.context(horizon="planned_end"), "model_card")
    )
    missing = text.split("What is not stated")[-1]
    assert "Monitoring: to be filled in by the owner of the charter ( charter.yaml: transparency.moni" in missing
    assert "Groups and intersections" in text
    assert "It has been declared" in words(page_html("en", fake.context(observation=declare()), "model_card"))
    told = by_field(made(fake.context(observation=declare()))["atrs"])["data_completeness_and_representativeness"]
    assert told["value"][-1]["en"].startswith("People have declared")
    assert "marks nothing that was left out" in words(page_html("en", fake.context(excluded=[]), "model_card"))


def test_every_sentence_of_these_records_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()
    plain_t = Language.t

    def noting(self: Language, key: str, **values: Any) -> Any:
        asked.add(key)
        return plain_t(self, key, **values)

    monkeypatch.setattr(Language, "t", noting)
    full = fake.charter(transparency=everything())
    bare = ReportContext(manifest={"programme": "p", "release_id": "r"}, title=Text(en="a", de="b"), words=fake.words())
    for context in (fake.context(simulated=True), fake.context(charter=full), fake.context("descriptive_only"), bare):
        page_html("en", context, "transparency")
    for programme in ("family_support", "student_support"):
        pack = load_pack(programme)
        context = fake.context(charter=pack.charter)
        page_html("en", replace(context, records=made(context, pack.contract)), "transparency")
    families = ("transparency", "atrs", "impact", "inventory", "who")
    unused = {key for key in catalogue("en") if key.split(".")[0] in families and key not in asked}
    rare = {key for key in unused if key.startswith(("transparency.phase.", "transparency.knowledge.", "inventory.t"))}
    assert unused - rare <= {
        "transparency.missing_none", "transparency.observed", "transparency.collected_between",
        "transparency.figure_bare", "transparency.cohort_bare", "transparency.figure_few", "transparency.none_marked",
    }  # fmt: skip
    for family in ("transparency.phase.", "transparency.knowledge.", "inventory.tag.", "inventory.type."):
        assert {key for key in rare if key.startswith(family)} != {k for k in catalogue("en") if k.startswith(family)}


@pytest.mark.parametrize("code", LANGUAGES)
def test_of_many_days_the_records_and_the_card_tell_the_span(code: str) -> None:
    context = fake.many_days()
    told = [dict(each)[code] for each in datasets(context) if not isinstance(each, str)]
    assert told == {
        "en": ["2,488 days, 2 January 2017 to 25 October 2023, learning: 34,832 enrolments",
               "366 days, 26 October 2023 to 25 October 2024, testing: 5,124 enrolments",
               "66 days, 26 October 2024 to 30 December 2024, still open: 924 enrolments",
               "31 December 2024, scoring: 14 enrolments"],
        "de": ["2.488 Tage, 2. Januar 2017 bis 25. Oktober 2023, Lernen: 34.832 Einschreibungen",
               "366 Tage, 26. Oktober 2023 bis 25. Oktober 2024, Erproben: 5.124 Einschreibungen",
               "66 Tage, 26. Oktober 2024 bis 30. Dezember 2024, noch offen: 924 Einschreibungen",
               "31. Dezember 2024, Schätzen: 14 Einschreibungen"],
    }[code]  # fmt: skip
    days = next(each for each in card_fields(Language(code), context)["model"] if each.name == "as_of_dates")
    assert len(days.answers) == 4
    assert all(len(each) < 100 for each in days.answers)


def test_a_sum_over_days_is_left_out_where_a_part_is_too_small_to_be_told() -> None:
    context = fake.many_days()
    made = cohort_spans(context.cohorts)
    protected = made.assign(cases=made["cases"].mask((made["grain"] == "month") & (made["first"] == "2017-02-01"), 0))
    context = replace(context, cohort_spans=span_protected(protected, made))
    assert said_of(datasets(context)[0]) == "2,488 days, 2 January 2017 to 25 October 2023, learning"
    assert said_of(datasets(context)[1]).endswith("testing: 5,124 enrolments")


def said_of(told: Any) -> str:
    return str(told["en"])
