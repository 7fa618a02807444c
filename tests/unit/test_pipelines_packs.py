"""Packs: found, loaded, and every mistake told at once."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest

from data_contracts.errors import PackError, UsageError
from features.kinds import AttributeCategory
from features.spec import columns
from pipelines.packs import BUILT_IN, Pack, built_in, find_pack, load_pack
from pipelines.run import default_day
from tests.pack_copies import copy_pack

pytestmark = [pytest.mark.slow, pytest.mark.measured]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of a built-in pack to break."""
    return copy_pack(tmp_path / "family_support")


def change(file: Path, old: str, new: str) -> None:
    """Replace text that must be there."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize("name", ["family_support", "student_support"])
def test_the_built_in_packs_load_and_are_signed_off(name: str) -> None:
    pack = load_pack(name)
    assert pack.name == name
    pack.require_sign_off()
    assert len(pack.config_hash) == 64
    protected = set(pack.programme.protected.attributes)
    assert not protected & {getattr(feature, "attribute", None) for feature in pack.programme.features}


def test_a_programme_is_found_by_name_by_path_and_among_ones_own(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert built_in() == ["family_support", "student_support"]
    assert find_pack("student_support") == BUILT_IN / "student_support"
    assert find_pack(str(copy)) == copy
    own = copy.rename(copy.with_name("mine"))
    monkeypatch.setenv("PLUMBLINE_PACKS", os.pathsep.join(["", str(own)]))
    assert find_pack("mine") == own
    with pytest.raises(UsageError, match="Did you mean “student_support”"):
        find_pack("student_suport")


def test_three_mistakes_in_three_files_are_all_told_with_their_lines(copy: Path) -> None:
    change(copy / "programme.yaml", "time_zone: ", "time_zone: Nowhere/Land # ")
    change(copy / "charter.yaml", "review_date:", "reviev_date:")
    change(copy / "words.yaml", "outcome:", "outcom:")
    with pytest.raises(PackError) as raised:
        load_pack(str(copy))
    told = {(mistake.file, mistake.what) for mistake in raised.value.mistakes}
    assert {file for file, _ in told} == {"programme.yaml", "charter.yaml", "words.yaml"}
    assert all(mistake.line > 1 for mistake in raised.value.mistakes if mistake.file == "charter.yaml")


def test_what_one_file_says_and_another_does_not_bear_out_is_told(copy: Path) -> None:
    pack = load_pack(str(copy))
    factor = pack.programme.features[0].factor
    band = pack.programme.bands.root[0].name
    change(copy / "words.yaml", f"  {factor}:", f"  {factor}_other:")
    change(copy / "words.yaml", f"  {band}:", f"  {band}_other:")
    attribute = pack.charter.fairness[0].attribute
    change(copy / "charter.yaml", f"attribute: {attribute}", "attribute: shoe_size")
    with pytest.raises(PackError) as raised:
        load_pack(str(copy))
    told = " ".join(str(mistake) for mistake in raised.value.mistakes)
    assert f"“{factor}” has no words" in told
    assert f"the band “{band}” has no words" in told
    assert "“shoe_size” is not audited" in told


OTHERS = "{name: others_1y, kind: count, factor: referrals, events: {type: referral}, window: 1y, scope: association}"
REASON = "by_association:\n  reason: {en: Babies have no records., de: Über Säuglinge ist nichts erfasst.}\n"


def with_others(pack: Path, charter: str) -> int:
    """Declare a feature over other people, write so in the charter, and return the feature's line."""
    change(pack / "programme.yaml", "features:\n", f"features:\n  - {OTHERS}\n")
    with (pack / "charter.yaml").open("a", encoding="utf-8") as file:
        file.write(charter)
    return (pack / "programme.yaml").read_text(encoding="utf-8").splitlines().index(f"  - {OTHERS}") + 1


@pytest.mark.parametrize("charter", ["", REASON.replace("Babies have no records.", "TODO"), "by_association: TODO\n"])
def test_a_feature_over_other_people_needs_the_charters_reason(copy: Path, charter: str) -> None:
    line = with_others(copy, charter)
    with pytest.raises(PackError) as raised:
        load_pack(str(copy))
    (mistake,) = raised.value.mistakes
    assert (mistake.file, mistake.line) == ("programme.yaml", line)
    assert "“others_1y” takes records about other people" in mistake.what
    assert "by_association" in mistake.todo


def test_another_features_mistake_does_not_hide_that_a_reason_is_missing(copy: Path) -> None:
    line = with_others(copy, "")
    change(copy / "programme.yaml", "name: referrals_90d, kind: count", "name: referrals_90d, kind: cuont")
    with pytest.raises(PackError) as raised:
        load_pack(str(copy))
    told = {mistake.line: mistake.what for mistake in raised.value.mistakes}
    assert sorted(told) == [line, line + 1]
    assert "gives no reason" in told[line]


def test_with_a_reason_it_loads_and_a_reason_alone_does_no_harm(copy: Path) -> None:
    with (copy / "charter.yaml").open("a", encoding="utf-8") as file:
        file.write(REASON)
    assert load_pack(str(copy)).charter.is_signed_off
    with_others(copy, "")
    pack = load_pack(str(copy))
    assert pack.charter.reason_by_association is not None
    assert pack.charter.reason_by_association.en == "Babies have no records."


def test_other_people_are_known_by_memberships_only(copy: Path) -> None:
    with_others(copy, REASON)
    text = (copy / "programme.yaml").read_text(encoding="utf-8")
    start, end = text.index("  membership:\n"), text.index("  event:\n")
    (copy / "programme.yaml").write_text(text[:start] + text[end:], encoding="utf-8")
    with pytest.raises(PackError) as raised:
        load_pack(str(copy))
    (mistake,) = raised.value.mistakes
    assert OTHERS in (copy / "programme.yaml").read_text(encoding="utf-8").splitlines()[mistake.line - 1]
    assert "`core` has no `membership`" in mistake.what


@pytest.mark.parametrize("charter", [None, "by_association: {reason: one language}\n", "{"])
def test_a_reason_that_cannot_be_read_is_told_once(copy: Path, charter: str | None) -> None:
    with_others(copy, charter or "")
    if charter is None:
        (copy / "charter.yaml").unlink()
    with pytest.raises(PackError) as raised:
        load_pack(str(copy))
    assert {mistake.file for mistake in raised.value.mistakes} == {"charter.yaml"}
    assert len(raised.value.mistakes) == 1


def test_categories_of_the_contract_are_resolved_when_the_pack_loads(copy: Path) -> None:
    """Whatever is computed, hashed or shown sees the list, and never the word."""
    feature = (
        "  - {name: team, kind: attribute_category, factor: time_open, attribute: team, categories: %s}\nprotected:"
    )
    change(copy / "programme.yaml", "\nprotected:", feature % "contract")
    taken = load_pack(str(copy))
    *_, spec = taken.programme.features
    assert isinstance(spec, AttributeCategory)
    assert spec.categories == ("Harbour", "Mill", "Orchard", "Quarry", "Weir")
    assert columns([spec])[0].name == "team__harbour"
    change(copy / "programme.yaml", "categories: contract", "categories: [Harbour, Mill, Orchard, Quarry, Weir]")
    assert load_pack(str(copy)).config_hash == taken.config_hash
    change(copy / "contract.odcs.yaml", "validValues: [Harbour, Mill", "validValues: [Mill, Harbour")
    assert load_pack(str(copy)).config_hash != taken.config_hash


def test_a_missing_file_does_not_hide_the_other_mistakes(copy: Path) -> None:
    (copy / "words.yaml").unlink()
    change(copy / "programme.yaml", "schedule: ", "schedule: monthly # ")
    with pytest.raises(PackError) as raised:
        load_pack(str(copy))
    assert {mistake.file for mistake in raised.value.mistakes} == {"words.yaml", "programme.yaml"}


def test_a_placeholder_is_not_a_sign_off(copy: Path) -> None:
    text = (copy / "charter.yaml").read_text(encoding="utf-8")
    start = text.index("sign_off:")
    (copy / "charter.yaml").write_text(
        text[:start] + text[start:].replace("date: ", "date: TODO # ", 1), encoding="utf-8"
    )
    pack = load_pack(str(copy))
    with pytest.raises(PackError, match="placeholder") as raised:
        pack.require_sign_off()
    assert raised.value.mistakes[0].file == "charter.yaml"
    assert raised.value.exit_code == 2


def cadence(pack: Pack, default: dt.date | None) -> Pack:
    """The same pack with another default day."""
    programme = pack.programme.model_copy(update={"default_as_of": default})
    return Pack(pack.path, pack.contract, programme, pack.charter, pack.words)


def test_the_day_is_the_packs_own_else_the_newest_of_its_schedule() -> None:
    family, students = load_pack("family_support"), load_pack("student_support")
    today = dt.date(2023, 6, 15)
    assert default_day(family, today) == dt.date(2025, 1, 1)
    assert default_day(cadence(family, None), today) == dt.date(2023, 1, 1)
    assert default_day(cadence(students, None), today) == today


def test_a_pack_may_do_without_vignettes_and_its_hash_says_whether_it_has_them(copy: Path) -> None:
    have = load_pack(str(copy))
    assert have.vignettes is not None
    assert {each.name for each in have.vignettes.vignettes} >= {"blank_newborn", "blank_seventeen"}
    change(copy / "vignettes.yaml", "A newborn.", "A new-born.")
    changed = load_pack(str(copy))
    (copy / "vignettes.yaml").unlink()
    without = load_pack(str(copy))
    assert without.vignettes is None
    assert len({have.config_hash, changed.config_hash, without.config_hash}) == 3


def test_mistakes_in_vignettes_are_told_with_line_and_nearest_name(copy: Path) -> None:
    file = copy / "vignettes.yaml"
    change(file, "type: referral, category: school, days_ago: 21", "type: referal, category: school, days_ago: 21")
    change(file, "covered: [school]", "covered: [schol]")
    change(copy / "programme.yaml", "time_zone: ", "time_zone: Nowhere/Land # ")
    with pytest.raises(PackError) as raised:
        load_pack(str(copy))
    told = {mistake.what: mistake for mistake in raised.value.mistakes}
    lines = file.read_text(encoding="utf-8").splitlines()
    event, source = told["event type “referal” is in no source."], told["source “schol” is nowhere collected."]
    assert "type: referal" in lines[event.line - 1]
    assert "[schol]" in lines[source.line - 1]
    assert (event.file, source.file) == ("vignettes.yaml", "vignettes.yaml")
    assert event.todo == "Did you mean “referral”?"
    assert source.todo == "Did you mean “school”?"
    assert any(mistake.file == "programme.yaml" for mistake in raised.value.mistakes)
