"""A team's list: who is on it, who has a slot and why, what it says of each case, in both languages."""

from __future__ import annotations

import datetime as dt
import re

import numpy as np
import pandas as pd
import pytest

from data_contracts.errors import PlumblineError
from fairness_reports.capacity import places
from fairness_reports.caseload import assign_slots, blind_sheet, full_sheet, list_id_of, slot_counts
from fairness_reports.language import Language, refused_wording
from tests import fairness_reports_caseload_data as data

FOOTERS = {
    "en": "This list decides nothing; not being on it does not mean no need for help.",
    "de": "Diese Liste entscheidet nichts; nicht auf ihr zu stehen heißt nicht, keinen Hilfebedarf zu haben.",
}


def cells(lang: str, **changes: object) -> tuple[tuple[str, ...], pd.DataFrame]:
    sheet = full_sheet(Language(lang), data.team_list(**changes), data.about())  # type: ignore[arg-type]
    return sheet.heads, pd.DataFrame(sheet.rows, columns=sheet.columns)


def test_all_cases_of_the_team_are_on_it_by_band_and_unranked_within() -> None:
    scored = pd.concat([data.scores(600), data.scores(team="South", seed=2)])
    listed = data.team_list(scored)
    mine = scored[scored["team"] == "North"].set_index("case_id")
    assert {case.case_id for case in listed.cases} == set(mine.index)
    bands = [case.band for case in listed.cases]
    assert bands == sorted(bands, key=["high", "middle", "low"].index)
    for band in set(bands):
        ranks = mine.loc[[case.case_id for case in listed.cases if case.band == band], "score"].to_numpy()
        assert abs(np.corrcoef(ranks, np.arange(len(ranks)))[0, 1]) < 0.2, (
            "the order inside a band tells nothing of the score"
        )
    other_day = data.team_list(scored, made_on=data.MADE_ON + dt.timedelta(days=1))
    assert [case.case_id for case in other_day.cases] != [case.case_id for case in listed.cases]
    assert {case.case_id for case in other_day.cases if case.slot == "drawn"} == {
        case.case_id for case in listed.cases if case.slot == "drawn"
    }, "the draw hangs on release and team, not on the day"


def test_the_same_release_team_and_day_give_the_same_list() -> None:
    shuffled = data.scores().sample(frac=1, random_state=3)
    assert data.team_list(shuffled).cases == data.team_list().cases
    assert data.team_list(shuffled).draw_checksum == data.team_list().draw_checksum
    assert data.team_list().list_id == list_id_of(data.RELEASE, "North", data.MADE_ON)
    same = (data.RELEASE, "North", data.MADE_ON)
    ids = {
        list_id_of(*each) for each in (same, (same[0], "South", same[2]), ("other", *same[1:]), (*same[:2], data.DAY))
    }
    assert len(ids) == 4
    assert re.fullmatch(r"20240610-[0-9a-f]{10}", data.team_list().list_id)
    assert data.team_list().expires_on == dt.date(2024, 6, 24)


def test_slots_go_to_the_highest_informative_scores_and_by_lot_to_others() -> None:
    scored = data.scores().set_index("case_id")
    listed = data.team_list()
    assert slot_counts(60, 0.25, 0.2) == (12, 3) == listed.counts
    by_score = [case.case_id for case in listed.cases if case.slot == "score"]
    informative = scored[scored["informative"]]
    assert set(by_score) == set(informative["score"].nlargest(12).index)
    assert not {case.case_id for case in listed.cases if case.slot == "drawn"} & set(by_score)
    assert sum(case.slot == "drawn" for case in listed.cases) == 3


def test_a_score_that_says_nothing_gets_no_slot_but_may_be_drawn() -> None:
    scored = data.scores().assign(informative=False, reason="thin_evidence")
    listed = data.team_list(scored)
    assert [case.slot for case in listed.cases].count("drawn") == places(60, 0.25), "no slot is lost"
    assert not any(case.slot == "score" or case.border for case in listed.cases)
    one = scored.copy()
    one.loc[one.index[0], ["informative", "score"]] = [True, 0.001]
    slots = {case.case_id: case.slot for case in data.team_list(one).cases}
    assert slots[one["case_id"].iloc[0]] == "score"
    assert list(slots.values()).count("drawn") == 14


def test_the_border_zone_holds_ties_overlaps_and_what_models_disagree_about() -> None:
    ids = ["a", "b", "c", "d", "e"]
    score = np.array([0.9, 0.6, 0.5, 0.3, 0.1])
    sure = np.ones(5, dtype=bool)

    def border(low: list[float], high: list[float], others: list[list[float]] | None = None) -> list[bool]:
        asked = None if others is None else np.array(others).T
        slots = assign_slots(ids, score, np.array(low), np.array(high), sure, asked, (2, 0), "r", "t")
        assert slots.by_score.tolist() == [True, True, False, False, False]
        return [bool(each) for each in slots.border]

    assert border([0.8, 0.55, 0.45, 0.2, 0.0], [1, 0.65, 0.55, 0.4, 0.2]) == [False] * 5
    assert border([0.8, 0.5, 0.45, 0.2, 0.0], [1, 0.7, 0.55, 0.4, 0.2]) == [False, True, False, False, False]
    assert border([0.8, 0.55, 0.4, 0.2, 0.0], [1, 0.65, 0.6, 0.4, 0.2]) == [False, False, True, False, False]
    narrow = ([0.8, 0.59, 0.49, 0.2, 0.0], [1, 0.61, 0.51, 0.4, 0.2])
    assert border(*narrow, [[0.9, 0.6, 0.5, 0.3, 0.1]]) == [False] * 5
    assert border(*narrow, [[0.9, 0.3, 0.5, 0.6, 0.1]]) == [False, True, False, True, False]
    tied = assign_slots(ids[:3], np.full(3, 0.5), np.full(3, 0.5), np.full(3, 0.5), sure[:3], None, (1, 0), "r", "t")
    assert tied.border.all()
    unsure = assign_slots(
        ids, score, score - 1, score + 1, np.array([1, 1, 1, 0, 1], dtype=bool), None, (2, 0), "r", "t"
    )
    assert unsure.border.tolist() == [True, True, True, False, True]


def test_of_a_case_on_several_days_the_newest_counts() -> None:
    old = data.scores().assign(as_of=dt.date(2023, 6, 1), score=0.99, band="high")
    new = data.scores().iloc[:50]
    listed = data.team_list(pd.concat([old, new]))
    assert len(listed.cases) == 60
    days = {case.case_id: case.as_of for case in listed.cases}
    assert sum(day == data.DAY for day in days.values()) == 50
    assert listed.as_of == data.DAY


@pytest.mark.parametrize("lang", ["en", "de"])
def test_a_row_says_band_frequency_slot_and_factors_and_no_score(lang: str) -> None:
    _, rows = cells(lang)
    listed = data.team_list()
    said = {
        "en": ("about 45 (between 41 and 48)", "too few to say", "Late", "slot, drawn at random", "(nothing recorded)"),
        "de": (
            "etwa 45 (zwischen 41 und 48)",
            "zu wenige für eine Aussage",
            "",
            "Platz, ausgelost",
            "(nichts erfasst)",
        ),
    }[lang]
    by_id = rows.set_index("case_id")
    for case in listed.cases:
        row = by_id.loc[case.case_id]
        if not case.informative:
            assert row["observed"] == "–"
            assert row["raises"] == row["lowers"] == "", "reasons for a score that says nothing would say something"
            assert row["informative"].startswith("no: too little" if lang == "en" else "nein: Über diesen Fall")
        elif case.band == "high":
            assert row["observed"] == said[0]
        elif case.band == "low":
            assert row["observed"] == said[1]
        if case.slot == "drawn":
            assert (row["slot"], row["border"]) == (said[3], "")
        if case.informative:
            assert said[4] in row["raises"], "nothing is recorded behind the fourth factor"
            assert ("(none)" if lang == "en" else "(keine)") in row["lowers"]
            assert ("(partly about other people)" if lang == "en" else "teils über andere") in row["raises"]
    assert not re.search(r"0[.,]\d", " ".join(rows.drop(columns=["release_id"]).to_numpy().ravel())), (
        "no score stands there"
    )
    assert set(rows["expires_on"]) == {"2024-06-24"}


@pytest.mark.parametrize("lang", ["en", "de"])
def test_the_notes_say_what_it_is_and_what_it_is_not(lang: str) -> None:
    language = Language(lang)
    sheet = full_sheet(language, data.team_list(), data.about(stale_since=dt.date(2024, 6, 8), simulated=True))
    assert sheet.footer == FOOTERS[lang]
    told = dict(sheet.notes)
    text = "\n".join(part for note in sheet.notes for part in note)
    assert language.text(data.charter().disagreement_contact) in text
    assert language.text(data.charter().prohibited_uses[0]) in text
    assert data.team_list().draw_checksum[:16] in text
    assert language.date(dt.date(2024, 6, 24)) in text
    assert language.date(dt.date(2024, 6, 8)) in text
    assert (
        "Slots: 15; by score: 12; drawn at random: 3" if lang == "en" else "Plätze: 15; nach Schätzwert: 12"
    ) in text
    assert len(told) == len(sheet.notes), "each heading once"
    assert not refused_wording(text.replace(FOOTERS[lang], ""), lang)
    assert "{" not in text
    assert "&" not in text


def test_a_small_team_and_old_records_are_told() -> None:
    language = Language("en")
    small = full_sheet(language, data.team_list(data.scores(3)), data.about())
    assert "fewer than 10 open cases. Nothing may be published" in str(small.notes)
    assert "Slots: 0" in str(small.notes)
    assert "Border zone" not in str(small.notes)
    assert "Nothing may be published" not in str(full_sheet(language, data.team_list(), data.about()).notes)
    late = data.team_list(made_on=dt.date(2024, 7, 1))
    assert "30 days lie between" in str(full_sheet(language, late, data.about()).notes)


def test_a_release_that_knows_no_other_models_says_so() -> None:
    listed = data.team_list(data.scores().drop(columns="others"))
    assert listed.slots.models == 1
    assert "this release does not tell" in str(full_sheet(Language("en"), listed, data.about()).notes)


@pytest.mark.parametrize("lang", ["en", "de"])
def test_a_blind_list_gives_nothing_away(lang: str) -> None:
    listed = data.team_list()
    sheet = blind_sheet(Language(lang), listed, data.about())
    assert sheet.columns == ("case_id", "own_number", "expires_on", "as_of", "list_id", "release_id", "programme",
                             "view_before")  # fmt: skip
    assert {row[0] for row in sheet.rows} == {case.case_id for case in listed.cases}
    assert [row[0] for row in sheet.rows] == sorted(row[0] for row in sheet.rows)
    assert all(len(set(column)) == 1 for column in list(zip(*sheet.rows, strict=True))[1:]), "rows differ by case only"
    text = str(sheet.notes)
    assert listed.draw_checksum[:16] not in text
    assert not [name for name in fake_labels(lang) if name in text]
    assert sheet.ends == ()
    assert set(sheet.choices) == {"view_before"}


def fake_labels(lang: str) -> list[str]:
    words = data.about().words
    return [factor.label[lang] for factor in words.factors.values() if len(factor.label[lang]) > 6]


def test_a_view_stands_beside_the_band_and_is_not_asked_again() -> None:
    views = {case.case_id: "lower" for case in data.team_list().cases}
    sheet = full_sheet(Language("en"), data.team_list(views=views), data.about(), asked=True)
    rows = pd.DataFrame(sheet.rows, columns=sheet.columns)
    assert set(rows["view_before"]) == {"lower"}
    assert sheet.columns[-5:] == ("view_before", "shown_on", "seen_before_deciding", "action", "disagreement")
    assert sheet.answers == 4
    assert list(sheet.choices["action"]) == ["called", "nothing_now"]


def test_what_cannot_be_listed_stops() -> None:
    twice = [data.use().actions[0].model_dump()] * 2
    with pytest.raises(ValueError, match="same code twice"):
        data.use(actions=twice)
    with pytest.raises(PlumblineError, match="no case of this team"):
        data.team_list(team="Nowhere")
    with pytest.raises(PlumblineError, match="drawn at random"):
        slot_counts(10, 0.5, 1.0)
