"""When a run trains, with which model it scores, and how openings of the sealed test are counted."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.champion import (
    ASKED,
    CADENCE,
    CHARTER,
    EARLIER,
    FIRST,
    RECIPE,
    Decision,
    Opening,
    Training,
    count_openings,
    decide,
    due_on,
    leads,
)

JANUARY = date(2024, 1, 1)


def training(as_of: date = JANUARY, opening: int = 1, charter: str = "c", recipe: str = "r") -> Training:
    return Training(f"t{opening}", as_of, charter, recipe, opening)


def decided(*trainings: Training, as_of: date = JANUARY, retrain: bool = False, every_months: int = 6) -> Decision:
    return decide(trainings, as_of=as_of, charter="c", recipe="r", every_months=every_months, retrain=retrain)


def test_the_first_run_trains() -> None:
    assert decided() == Decision(None, FIRST)
    assert decided(retrain=True) == Decision(None, FIRST)


@pytest.mark.parametrize("as_of", [JANUARY, date(2024, 6, 30)])
def test_until_the_cadence_is_over_the_champion_scores(as_of: date) -> None:
    decision = decided(training(), as_of=as_of)
    assert decision == Decision(training())
    assert not decision.trains


def test_on_the_due_day_the_run_trains() -> None:
    assert decided(training(), as_of=date(2024, 7, 1)) == Decision(None, CADENCE)
    assert decided(training(date(2023, 8, 31)), as_of=date(2024, 2, 28)) == Decision(training(date(2023, 8, 31)))
    assert decided(training(date(2023, 8, 31)), as_of=date(2024, 2, 29)).reason == CADENCE


def test_a_run_that_is_told_to_trains() -> None:
    assert decided(training(), retrain=True) == Decision(None, ASKED)


@pytest.mark.parametrize(
    ("there", "reason"),
    [
        (training(charter="other"), CHARTER),
        (training(recipe="other"), RECIPE),
        (training(charter="other", recipe="other"), CHARTER),
        (training(date(2024, 1, 2)), EARLIER),
    ],
)
def test_a_training_that_does_not_hold_is_not_used(there: Training, reason: str) -> None:
    assert decided(there) == Decision(None, reason)


def test_a_charter_that_comes_back_finds_its_training_again() -> None:
    assert decided(training(), training(opening=2, charter="other")).champion == training()


def test_of_several_trainings_the_newest_that_was_known_scores() -> None:
    first, again, later = training(), training(opening=2), training(date(2024, 3, 1), 3)
    early = training(date(2023, 12, 1), 4)  # made last, for an earlier day
    everything = (later, first, early, again)
    assert decided(*everything).champion == again
    assert decided(*everything, as_of=date(2024, 3, 1)).champion == later
    assert decided(*everything, as_of=date(2023, 12, 31)).champion == early


days = st.dates(date(2020, 1, 1), date(2026, 12, 31))
records = st.lists(st.tuples(days, st.sampled_from("cd"), st.sampled_from("rs")), max_size=8).map(
    lambda all_: [Training(f"t{i}", day, c, r, i + 1) for i, (day, c, r) in enumerate(all_)]
)


@given(records, days, st.integers(1, 24), st.booleans())
def test_a_model_is_never_newer_than_the_run_nor_older_than_the_cadence(
    trainings: list[Training], as_of: date, every_months: int, retrain: bool
) -> None:
    decision = decided(*trainings, as_of=as_of, every_months=every_months, retrain=retrain)
    if decision.champion is None:
        assert decision.reason is not None
        return
    used = decision.champion
    assert used in trainings
    assert (used.charter, used.recipe, retrain) == ("c", "r", False)
    assert used.as_of <= as_of < due_on(used.as_of, every_months)


@given(st.lists(days, min_size=1, max_size=30), st.integers(1, 24))
def test_runs_on_rising_days_train_once_per_cadence_and_never_go_back(runs: list[date], every_months: int) -> None:
    trainings: list[Training] = []
    last = date.min
    for as_of in sorted(runs):
        decision = decided(*trainings, as_of=as_of, every_months=every_months)
        if decision.trains:
            if trainings:
                assert as_of >= due_on(trainings[-1].as_of, every_months)
            trainings.append(training(as_of, len(trainings) + 1))
        used = decision.champion or trainings[-1]
        assert used.as_of >= last
        last = used.as_of
        assert not decided(*trainings, as_of=as_of, every_months=every_months).trains


@given(records, days, st.integers(1, 24))
def test_what_was_trained_for_later_days_changes_nothing(
    trainings: list[Training], as_of: date, every_months: int
) -> None:
    before = [each for each in trainings if each.as_of <= as_of]
    alone = decided(*before, as_of=as_of, every_months=every_months)
    assert decided(*trainings, as_of=as_of, every_months=every_months).champion == alone.champion


# How openings are counted


def opening(number: int, as_of: date = JANUARY, charter: str = "c") -> Opening:
    return Opening(number, as_of, charter)


def test_each_opening_counts_also_one_that_came_to_nothing() -> None:
    openings = [opening(1), opening(2), opening(3)]
    assert count_openings(openings, training(opening=3), JANUARY) == (3, 0)
    assert count_openings(openings, training(opening=1), JANUARY) == (3, 0), "two more looks at the same day"


def test_a_new_charter_counts_from_one_and_keeps_the_old_count_apart() -> None:
    openings = [opening(1, charter="old"), opening(2, charter="older"), opening(3)]
    assert count_openings(openings, training(opening=3), JANUARY) == (1, 2)


def test_a_later_training_does_not_change_what_an_earlier_day_says() -> None:
    first, later = training(), date(2024, 7, 1)
    assert count_openings([opening(1), opening(2, later)], first, JANUARY) == (1, 0)
    assert count_openings([opening(1), opening(2, later)], first, date(2024, 6, 30)) == (1, 0)
    failed = [opening(1), opening(2, date(2024, 3, 1))]
    assert count_openings(failed, first, date(2024, 3, 1)) == (2, 0), "it failed on the day that is scored"


def test_going_back_to_an_earlier_day_counts_what_was_seen_of_later_ones() -> None:
    earlier = training(date(2023, 1, 1), opening=2)
    assert count_openings([opening(1), opening(2, date(2023, 1, 1))], earlier, date(2023, 1, 1)) == (2, 0)


def test_only_the_newest_day_gives_names_to_models() -> None:
    first, again, later = training(), training(opening=2), training(date(2024, 7, 1), 3)
    assert leads(again, [first, again])
    assert leads(later, [first, again, later])
    assert not leads(again, [first, again, later])
