"""The pack of student_support says what it must, before any data are there."""

from __future__ import annotations

import pytest

from features.fields import AttributeFeature, EventFeature
from models.spec import AttributeDates
from pipelines.packs import Pack, load_pack

PROTECTED = {"gender", "age_band", "disability", "imd_band", "region"}


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack("student_support")


def test_no_feature_is_protected_or_part_of_the_outcome(pack: Pack) -> None:
    assert set(pack.programme.protected.attributes) == PROTECTED
    used = {spec.attribute for spec in pack.programme.features if isinstance(spec, AttributeFeature)}
    assert not used & PROTECTED
    types = {t for spec in pack.programme.features if isinstance(spec, EventFeature) for t in spec.events.type}
    assert not types & set(pack.programme.outcome.event_type)


def test_features_look_at_their_own_enrolment_only(pack: Pack) -> None:
    # the data set covers three modules in 2013B and seven later: other enrolments would tell how data were collected
    scopes = {spec.scope for spec in pack.programme.features if isinstance(spec, EventFeature | AttributeFeature)}
    assert scopes == {"case"}


def test_click_features_ask_whether_clicks_were_collected(pack: Pack) -> None:
    clicks = [s for s in pack.programme.features if isinstance(s, EventFeature) and "clicks" in s.events.type]
    assert len(clicks) == 4
    assert {spec.source for spec in clicks} == {"clicks"}


def test_no_direction_says_that_late_registration_is_the_risk(pack: Pack) -> None:
    # of those still there on day 30, the early registered left more often: a constraint the other way costs ranking
    (registered,) = [spec for spec in pack.programme.features if spec.name == "days_registered"]
    assert registered.direction is None


def test_early_work_is_counted_and_not_averaged_with_what_is_due_months_later(pack: Pack) -> None:
    by_name = {spec.name: spec for spec in pack.programme.features if isinstance(spec, EventFeature)}
    assert by_name["days_early_mean"].events.value is not None
    ahead = {spec.events.category[0] for spec in by_name.values() if spec.events.category and "ahead" in spec.name}
    assert ahead == {"TMA", "CMA"}


def test_what_kind_of_page_was_clicked_is_not_read(pack: Pack) -> None:
    assert pack.contract.table("studentVle").column("id_site").tags == ["drop"]
    assert "vle" not in {table.name for table in pack.contract.tables}


def test_cohort_and_outcome_are_those_of_the_charter(pack: Pack) -> None:
    dates = pack.programme.cohort.as_of
    assert isinstance(dates, AttributeDates)
    assert (dates.attribute, dates.plus_days, dates.label) == ("presentation_start", 30, "presentation")
    assert (pack.programme.outcome.days, pack.programme.outcome.of) == (90, "case")


def test_charter_is_signed_off_and_judges_few_gaps(pack: Pack) -> None:
    assert pack.charter.is_signed_off
    assert {each.metric for each in pack.charter.fairness} == {"fnr", "selection_rate", "calibration"}
    assert {each.attribute for each in pack.charter.fairness} == {"gender", "disability"}
    assert "demonstration" in pack.charter.sign_off.by.en


def test_every_group_of_the_contract_has_words(pack: Pack) -> None:
    columns = {column.name: column for column in pack.contract.table("studentInfo").columns}
    for name in PROTECTED:
        listed = next(item["arguments"] for item in columns[name].quality if "arguments" in item)
        allowed = set(listed["validValues"]) - {"10-20"}
        assert allowed == set(pack.words.attributes[name].values)


def test_result_is_never_read_and_students_are_keys(pack: Pack) -> None:
    info = pack.contract.table("studentInfo")
    assert info.column("final_result").tags == ["drop"]
    for table in pack.contract.tables:
        for column in table.columns:
            if column.name == "id_student":
                assert column.key_space == "student"


def test_authors_of_the_data_are_credited(pack: Pack) -> None:
    assert pack.programme.credit is not None
    for text in (pack.programme.credit.en, pack.programme.credit.de):
        assert "Kuzilek" in text
        assert "CC BY 4.0" in text
