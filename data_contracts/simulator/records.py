"""What the service writes down, and when: the tables it exports, and the truth beside them.

Belongs here: entries with the day they were made, as source tables. Does not belong here: the hidden world (needs,
population) or files (world).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from data_contracts.simulator.needs import Needs
from data_contracts.simulator.parameters import Parameters
from data_contracts.simulator.population import NEVER, TEAMS, YEAR, Bools, Calendar, Floats, Ints, Population

SOURCES = np.array(["school", "health", "police", "family", "neighbour", "other agency"])
SOURCE_SHARES = (0.30, 0.20, 0.18, 0.14, 0.10, 0.08)
SERVICES = np.array(["parent_support", "family_help", "counselling", "school_support"])
SERVICE_SHARES = (0.35, 0.30, 0.20, 0.15)


class Recorder:
    """Draws entries for months of children and the days on which they are made.

    Parameters
    ----------
    parameters : Parameters
    calendar : Calendar
    population : Population
    needs : Needs
    rng : numpy.random.Generator
    """

    def __init__(
        self,
        parameters: Parameters,
        calendar: Calendar,
        population: Population,
        needs: Needs,
        rng: np.random.Generator,
    ) -> None:
        self.parameters, self.calendar, self.rng = parameters, calendar, rng
        self.population, self.needs = population, needs
        self._spells()
        self._ids()

    def _spells(self) -> None:
        """Runs of open months become cases; every cell of an open month knows its case."""
        is_open, calendar = self.needs.open, self.calendar
        before = np.pad(is_open, ((0, 0), (1, 0)))[:, :-1]
        self.case_child, first = np.nonzero(is_open & ~before)
        number = np.cumsum((is_open & ~before).ravel()) - 1
        self.case_of = np.where(is_open, number.reshape(is_open.shape), -1)
        length = np.bincount(self.case_of[is_open], minlength=len(first))
        last = first + length  # the month in which it closes
        birth = self.population.birth[self.population.children[self.case_child]]
        opened = calendar.firsts[first] + self.rng.integers(0, 28, len(first))
        self.opened = np.maximum(opened, birth + 1)
        still = last >= calendar.months
        closing = calendar.firsts[np.minimum(last, calendar.months)] + self.rng.integers(0, 28, len(first))
        self.closed = np.where(still, NEVER, closing)
        self.case_household = self.population.living[self.case_child, first]
        self.case_recorded = self.opened + self.late(len(first), rare=True)

    def _ids(self) -> None:
        """Keys in an order that tells nothing: shuffled numbers."""
        people, households = len(self.population.birth), len(self.population.community)
        self.person_key = self.rng.permutation(people) + 1
        self.household_key = self.rng.permutation(households) + 1
        self.case_key = self.rng.permutation(len(self.opened)) + 1

    def late(self, count: int, *, end: bool = False, rare: bool = False) -> Ints:
        """Days between happening and recording.

        Parameters
        ----------
        count : int
        end : bool
            An end of an episode, forgotten more often than its begin.
        rare : bool
            An entry that is never very late (a case cannot be worked on before it is recorded).
        """
        p, rng = self.parameters, self.rng
        days = rng.integers(0, 4, count)
        draw = rng.random(count)
        share, mean = (p.late_end_share, p.late_end_mean) if end else (p.late_share, p.late_mean)
        later = rng.geometric(1 / mean, count)
        very_late = rng.geometric(1 / p.very_late_mean, count)
        days = np.where(draw < share, days + later, days)
        days = np.minimum(days, 21) if rare else np.where(draw < p.very_late_share, days + very_late, days)
        return np.asarray(days, dtype=np.int64)

    def entries(self, rate: Any, where: Bools) -> tuple[Ints, Ints, Ints]:
        """Poisson entries: child row, month and day of each, in the cells of `where` while the child's case is open."""
        child, month = np.nonzero(where)
        counts = self.rng.poisson(np.broadcast_to(rate, where.shape)[where])
        child, month = np.repeat(child, counts), np.repeat(month, counts)
        firsts = self.calendar.firsts
        # the last month of a case ends with it, the first begins with its opening
        day = firsts[month] + (self.rng.random(len(month)) * (firsts[month + 1] - firsts[month])).astype(np.int64)
        case = self.case_of[child, month]
        day = np.where(case >= 0, np.maximum(day, self.opened[case]), day)
        birth = self.population.birth[self.population.children[child]]
        return child, month, np.maximum(day, birth + 1)

    def finish(self, table: pd.DataFrame, key: str | None = None, prefix: str = "") -> pd.DataFrame:
        """Keep what was recorded inside the export's span; number rows in the order of recording."""
        begin, end = self.calendar.start, self.calendar.end
        day = next(column for column in table.columns if column.endswith("_on"))
        kept = table[(table["recorded_on"] <= end) & (table[day] <= end)]
        if day != "opened_on":  # the export begins with `start`; a case opened before and still open is in it
            kept = kept[kept[day] >= begin]
        kept = kept.sort_values(["recorded_on", *(c for c in kept.columns if c != "recorded_on")], kind="stable")
        kept = kept.reset_index(drop=True)
        if key:
            kept.insert(0, key, np.arange(1, len(kept) + 1))
            kept[key] = text(prefix, kept[key], 7)
        return kept

    def person_ids(self, child: Ints) -> Any:
        """Source keys of children."""
        return text("P", self.person_key[self.population.children[child]], 7)

    def case_ids(self, case: Ints) -> Any:
        """Source keys of cases; empty where there is none."""
        return np.where(case >= 0, text("C", self.case_key[case], 7), "")

    def attention(self) -> Floats:
        """How much more often something about the family is written down, per child and month."""
        return np.asarray(self.needs.reporting**self.parameters.attention)


def text(prefix: str, number: Any, width: int) -> Any:
    """Source keys such as P0001234: obviously invented."""
    return np.char.add(prefix, np.char.zfill(np.asarray(number).astype(str), width))


def cases_table(r: Recorder) -> pd.DataFrame:
    """One row per child and open spell; a closure recorded after the export is not in it yet."""
    entered = np.maximum(r.closed + r.late(len(r.closed), end=True), r.case_recorded)
    closed_recorded = np.where(r.closed < NEVER, entered, NEVER)
    unknown = (closed_recorded > r.calendar.end) | (r.closed > r.calendar.end)
    table = pd.DataFrame(
        {
            "case_id": text("C", r.case_key, 7),
            "person_id": r.person_ids(r.case_child),
            "household_id": text("H", r.household_key[r.case_household], 6),
            "opened_on": r.opened,
            "recorded_on": r.case_recorded,
            "closed_on": np.where(unknown, NEVER, r.closed),
            "closed_recorded_on": np.where(unknown, NEVER, closed_recorded),
            "team": np.array(TEAMS)[r.population.team[r.case_household]],
        }
    )
    gone = r.closed < r.calendar.start  # closed in the burn-in: never exported
    return r.finish(table[~gone])


def persons_table(r: Recorder) -> pd.DataFrame:
    """Everybody, known from when the service first dealt with the family (a child: from its first case at latest)."""
    p = r.population
    home = p.household[: len(p.birth)]  # the first rows are the first households
    met = np.full(len(p.community), NEVER)
    np.minimum.at(met, home[p.children[r.case_child]], r.opened)
    chance = r.calendar.start + r.rng.integers(0, r.calendar.end - r.calendar.start - 60, len(met))
    met = np.where(met < NEVER, met, chance)
    recorded = np.maximum(met[home], p.birth + r.rng.integers(3, 40, len(home)))
    first_case = np.full(len(p.birth), NEVER)
    np.minimum.at(first_case, p.children[r.case_child], r.case_recorded)
    recorded = np.maximum(np.minimum(recorded, first_case), p.birth)
    recorded = np.minimum(recorded, r.calendar.end)
    table = pd.DataFrame(
        {
            "person_id": text("P", r.person_key, 7),
            "birth_date": p.birth,
            "sex": np.where(p.female, "female", "male"),
            "community": np.array(list(r.parameters.communities))[p.community[home]],
            "disability": np.array(["no", "yes", ""])[p.disability],
            "recorded_on": recorded,
        }
    )
    return table.sort_values("person_id").reset_index(drop=True)


def memberships_table(r: Recorder, persons: pd.DataFrame) -> pd.DataFrame:
    """Who lives in which household from when to when; moves become known late."""
    p = r.population
    known = persons.set_index("person_id")["recorded_on"].loc[text("P", r.person_key, 7)].to_numpy()
    first = np.arange(len(p.member)) < len(p.birth)
    delay = r.rng.geometric(1 / r.parameters.late_move_mean, len(p.member))
    recorded = np.maximum(known[p.member], np.where(first, p.since, p.since + delay))
    # an end is written down together with the next address, or not before the begin was
    ended = np.where(p.until < NEVER, np.maximum(recorded, p.until + r.rng.geometric(1 / 20, len(p.member))), NEVER)
    unknown = (ended > r.calendar.end) | (p.until >= NEVER)
    table = pd.DataFrame(
        {
            "person_id": text("P", r.person_key[p.member], 7),
            "household_id": text("H", r.household_key[p.household], 6),
            "from_date": p.since,
            "to_date": np.where(unknown, NEVER, p.until),
            "recorded_on": recorded,
            "end_recorded_on": np.where(unknown, NEVER, ended),
        }
    )
    table = table[table["recorded_on"] <= r.calendar.end]
    return table.sort_values(["person_id", "from_date"]).reset_index(drop=True)


def referrals_table(r: Recorder) -> pd.DataFrame:
    """Reports by others: one that opens each case, further ones while it is open, a few without a case."""
    p, needs = r.parameters, r.needs
    rate = p.extra_referrals * np.exp(p.referral_slope * needs.strain) * r.attention()
    rate = np.where(needs.open, rate, rate / 5)
    child, month, day = r.entries(rate, needs.there)
    child, day = np.concatenate([r.case_child, child]), np.concatenate([r.opened, day])
    case = np.concatenate([np.arange(len(r.opened)), r.case_of[child[len(r.opened) :], month]])
    recorded = day + r.late(len(day))
    opening = np.arange(len(day)) < len(r.opened)
    recorded[opening] = r.case_recorded
    source = r.rng.choice(SOURCES, len(day), p=SOURCE_SHARES)
    return r.finish(
        pd.DataFrame(
            {
                "person_id": r.person_ids(child),
                "case_id": r.case_ids(case),
                "referred_on": day,
                "source": source,
                "recorded_on": recorded,
            }
        ),
        "referral_id",
        "R",
    )


def contacts_table(r: Recorder) -> pd.DataFrame:
    """Home visits, office visits and appointments that the family missed."""
    p, needs = r.parameters, r.needs
    attention = r.attention()
    rates = {
        "home_visit": p.home_visits * attention,
        "office_visit": np.full(needs.open.shape, p.office_visits),
        "missed_appointment": p.missed_appointments * attention * np.exp(p.missed_slope * needs.strain),
    }
    parts = []
    for kind, rate in rates.items():
        child, month, day = r.entries(rate, needs.open)
        parts.append(
            pd.DataFrame(
                {
                    "case_id": r.case_ids(r.case_of[child, month]),
                    "person_id": r.person_ids(child),
                    "contact_on": day,
                    "kind": kind,
                    "recorded_on": day + r.late(len(day)),
                }
            )
        )
    return r.finish(pd.concat(parts, ignore_index=True), "contact_id", "K")


def assessments_table(r: Recorder) -> pd.DataFrame:
    """Structured assessments with a score from 0 to 100: a noisy view of the strain."""
    p, needs = r.parameters, r.needs
    child, month, day = r.entries(1 / p.assessment_every, needs.open)
    score = 45 + p.assessment_slope * needs.strain[child, month] + p.assessment_noise * r.rng.standard_normal(len(day))
    return r.finish(
        pd.DataFrame(
            {
                "case_id": r.case_ids(r.case_of[child, month]),
                "person_id": r.person_ids(child),
                "assessed_on": day,
                "score": np.clip(np.rint(score), 0, 100).astype(np.int64),
                "recorded_on": day + r.late(len(day)),
            }
        ),
        "assessment_id",
        "A",
    )


def absences_table(r: Recorder) -> pd.DataFrame:
    """Days of absence per month, reported by schools for children of 6 to 16 with an open case, a month later."""
    p, needs = r.parameters, r.needs
    birth = r.population.birth[r.population.children][:, None]
    age = (r.calendar.firsts[:-1] - birth) / YEAR
    pupils = needs.open & (age >= 6) & (age < 16)
    child, month = np.nonzero(pupils)
    days = np.minimum(r.rng.poisson(p.absence_rate * np.exp(p.absence_slope * needs.strain[pupils])), 20)
    child, month, days = child[days > 0], month[days > 0], days[days > 0]
    last = r.calendar.firsts[month + 1] - 1
    return r.finish(
        pd.DataFrame(
            {
                "person_id": r.person_ids(child),
                "month_end_on": last,
                "days_absent": days,
                "recorded_on": last + 1 + r.late(len(last)),
            }
        ),
        "absence_id",
        "S",
    )


def _with_end(r: Recorder, start: Ints, recorded: Ints, length: Ints) -> tuple[Ints, Ints]:
    """Ends and when they were recorded; unknown to the export when later than it."""
    ended = start + length
    known = np.maximum(recorded, ended + r.late(len(ended), end=True))
    hidden = known > r.calendar.end
    return np.where(hidden, NEVER, ended), np.where(hidden, NEVER, known)


def services_table(r: Recorder) -> pd.DataFrame:
    """Episodes of help with start and end; ends are often recorded late."""
    child, month, day = r.entries(r.parameters.services, r.needs.open)
    recorded = day + r.late(len(day))
    ended, known = _with_end(r, day, recorded, 14 + r.rng.gamma(2.0, 75.0, len(day)).astype(np.int64))
    return r.finish(
        pd.DataFrame(
            {
                "case_id": r.case_ids(r.case_of[child, month]),
                "person_id": r.person_ids(child),
                "kind": r.rng.choice(SERVICES, len(day), p=SERVICE_SHARES),
                "started_on": day,
                "recorded_on": recorded,
                "ended_on": ended,
                "end_recorded_on": known,
            }
        ),
        "episode_id",
        "E",
    )


def placements_table(r: Recorder) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Recorded placements, and the true need beside them.

    Returns
    -------
    placements : DataFrame
        What the service recorded: a share of the true crises, some without one, and planned respite.
    truth : DataFrame
        Every true crisis (`person_id`, `crisis_on`, `case_id` or empty, `recorded` yes or no). No contract names it.
    """
    p, needs = r.parameters, r.needs
    community = r.population.community[r.population.household[: len(r.population.birth)]][r.population.children]
    recording = np.array([p.recording[name] for name in p.communities])[community][:, None]
    unfounded = np.array([p.unfounded[name] for name in p.communities])[community][:, None]
    answered = needs.crisis & needs.open & (r.rng.random(needs.crisis.shape) < recording)

    child, month = np.nonzero(needs.crisis)
    firsts = r.calendar.firsts
    day = firsts[month] + (r.rng.random(len(month)) * (firsts[month + 1] - firsts[month])).astype(np.int64)
    case = r.case_of[child, month]
    day = np.where(case >= 0, np.maximum(day, r.opened[case]), day)
    seen = answered[child, month]
    truth = pd.DataFrame(
        {
            "person_id": r.person_ids(child),
            "crisis_on": day,
            "case_id": r.case_ids(case),
            "recorded": np.where(seen, "yes", "no"),
        }
    )
    truth = truth[(day >= r.calendar.start) & (day <= r.calendar.end)]
    truth = truth.sort_values(["person_id", "crisis_on"]).reset_index(drop=True)

    parts = [(child[seen], month[seen], day[seen], "crisis")]
    parts.append((*r.entries(unfounded, needs.open), "crisis"))
    parts.append((*r.entries(p.planned_placements * r.attention(), needs.open), "planned"))
    child, month, day = (np.concatenate([part[i] for part in parts]) for i in range(3))
    kind = np.concatenate([np.full(len(part[0]), part[3]) for part in parts])
    recorded = day + r.late(len(day))
    ended, known = _with_end(r, day, recorded, 2 + r.rng.gamma(1.5, 18.0, len(day)).astype(np.int64))
    placements = pd.DataFrame(
        {
            "case_id": r.case_ids(r.case_of[child, month]),
            "person_id": r.person_ids(child),
            "kind": kind,
            "started_on": day,
            "recorded_on": recorded,
            "ended_on": ended,
            "end_recorded_on": known,
        }
    )
    return r.finish(placements, "placement_id", "L"), truth
