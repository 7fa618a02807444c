"""Who lives with whom, and when: persons, households and the moves between them.

Belongs here: the simulated people. Does not belong here: their needs (needs) or the service's view of them (records).
Days are integers since 1970-01-01 throughout the simulator; `NEVER` stands for what has not happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_contracts.simulator.parameters import Parameters

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

NEVER = np.iinfo(np.int64).max // 4
YEAR = 365.25
ADULT = int(18 * YEAR)


@dataclass(frozen=True)
class Calendar:
    """The simulated months, as first days; one more than there are months, so that each has an end."""

    firsts: Ints
    start: int
    end: int

    @property
    def months(self) -> int:
        """Number of months, burn-in included."""
        return len(self.firsts) - 1

    @staticmethod
    def firsts_from(day: Ints) -> Ints:
        """First day of the month after each day."""
        months = day.astype("datetime64[D]").astype("datetime64[M]") + 1
        return np.asarray(months.astype("datetime64[D]").astype(np.int64))

    @staticmethod
    def of(parameters: Parameters) -> Calendar:
        """The calendar of these parameters."""
        first = np.datetime64(parameters.start, "M") - parameters.burn_in_months
        last = np.datetime64(parameters.end, "M") + 1
        firsts = np.arange(first, last + 1).astype("datetime64[D]").astype(np.int64)
        return Calendar(firsts, _day(parameters.start), _day(parameters.end))


def _day(value: Any) -> int:
    return int(np.datetime64(value, "D").astype(np.int64))


@dataclass(frozen=True)
class Population:
    """People by index (0 ...); households by index; memberships as rows.

    Parameters
    ----------
    birth, child, female, disability : ndarray
        Per person; `disability` is 0 no, 1 yes, 2 not recorded.
    community, team : ndarray
        Per household (indices).
    member, household, since, until : ndarray
        One row per membership; `until` may be NEVER.
    living : ndarray
        Per child (row) and month: the household it lives in, or -1 before its birth and from its 18th birthday on.
    children : ndarray
        Person index of each row of `living`.
    """

    birth: Ints
    child: Bools
    female: Bools
    disability: Ints
    community: Ints
    team: Ints
    member: Ints
    household: Ints
    since: Ints
    until: Ints
    living: Ints
    children: Ints


TEAMS = ("Harbour", "Mill", "Orchard", "Quarry", "Weir")


def populate(parameters: Parameters, calendar: Calendar, rng: np.random.Generator) -> Population:
    """Draw the population.

    Parameters
    ----------
    parameters : Parameters
    calendar : Calendar
    rng : numpy.random.Generator

    Returns
    -------
    Population
        Exactly `parameters.people` persons.
    """
    home, child = _households(parameters, rng)
    people, households = len(home), int(home.max()) + 1
    years = (calendar.end - calendar.start) / YEAR
    # children: from sixteen years before the start to the last month, so that some are born, some grow up meanwhile
    birth = np.where(
        child,
        rng.integers(calendar.start - int(16 * YEAR), calendar.end - 30, people),
        rng.integers(calendar.start - int(50 * YEAR), calendar.start - int(20 * YEAR), people),
    )
    communities = rng.choice(len(parameters.communities), households, p=_shares(parameters.communities.values()))
    team = rng.integers(0, len(TEAMS), households)
    disability = np.where(rng.random(people) < parameters.disabled, 1, 0)
    disability = np.where(rng.random(people) < parameters.disability_unrecorded, 2, disability)
    female = rng.random(people) < 0.5
    founded = rng.integers(calendar.start - int(9 * YEAR), calendar.start - 400, households)
    # a child counts as living there from the month after its birth, so that no begin gives its birth date away
    after = calendar.firsts_from(birth)
    since = np.maximum(founded[home], np.where(child, after, birth))

    moved, target, until, back, origin = _moves(parameters, calendar, rng, home, child, birth, years)
    fresh = int(target.max(initial=households - 1)) + 1 - households
    communities = np.concatenate([communities, communities[origin[:fresh]]])
    team = np.concatenate([team, team[origin[:fresh]]])

    leaves = np.full(people, NEVER)
    leaves[moved] = until
    returns = back < NEVER
    member = np.concatenate([np.arange(people), moved, moved[returns]])
    where = np.concatenate([home, target, home[moved[returns]]])
    start = np.concatenate([since, until, back[returns]])
    stop = np.concatenate([leaves, back, np.full(int(returns.sum()), NEVER)])
    children = np.flatnonzero(child)
    living = _living(calendar, children, birth, member, where, start, stop)
    return Population(birth, child, female, disability, communities, team, member, where, start, stop, living, children)


def _shares(values: Any) -> Floats:
    shares = np.asarray(list(values), dtype=float)
    return np.asarray(shares / shares.sum())


def _households(parameters: Parameters, rng: np.random.Generator) -> tuple[Ints, Bools]:
    """Household of each person, and whether the person is a child, cut off at the asked number of people."""
    count = parameters.people  # a household has at least two, so this many are always enough
    adults = 1 + rng.choice(len(parameters.adults), count, p=_shares(parameters.adults))
    children = 1 + rng.choice(len(parameters.children), count, p=_shares(parameters.children))
    sizes = adults + children
    home = np.repeat(np.arange(count), sizes)[: parameters.people]
    place = np.arange(len(home)) - np.concatenate([[0], np.cumsum(sizes)])[home]
    return home.astype(np.int64), place >= adults[home]


def _moves(
    parameters: Parameters,
    calendar: Calendar,
    rng: np.random.Generator,
    home: Ints,
    child: Bools,
    birth: Ints,
    years: float,
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Who moves (each person at most once), to which household, when, back when, and whence each new household."""
    people, households = len(home), int(home.max()) + 1
    when = rng.integers(calendar.start, calendar.end - 60, households)
    adults_at_home = np.bincount(home[~child], minlength=households)
    splits = (rng.random(households) < parameters.separations * years) & (adults_at_home >= 2)
    number = np.cumsum(splits) - 1 + households  # index of the new household
    last_adult = np.zeros(people, dtype=bool)
    adults = np.flatnonzero(~child)
    last_adult[adults[np.searchsorted(home[adults], np.arange(households), side="right") - 1]] = True
    born = birth + 40 < when[home]
    goes = splits[home] & (last_adult | (child & born & (rng.random(people) < 0.4)))

    single = ~splits[home] & ~goes
    own = rng.integers(calendar.start, calendar.end - 60, people)
    minor = child & (birth + 40 < own) & (own < birth + ADULT - 60)
    stays = single & minor & (rng.random(people) < parameters.kin_stays * years)
    # an adult leaves only where another adult remains, so that no child is left alone
    joins = single & ~child & last_adult & (adults_at_home[home] >= 2)
    joins &= rng.random(people) < parameters.new_partners * years * 2
    elsewhere = rng.integers(0, households, people)
    elsewhere = np.where(elsewhere == home, (elsewhere + 1) % households, elsewhere)
    if households == 1:
        stays[:], joins[:] = False, False

    target = np.where(goes, number[home], elsewhere)
    day = np.where(goes, when[home], own)
    back = day + 60 + rng.geometric(1 / 150, people)
    back = np.where(stays & (rng.random(people) < 0.5) & (back < calendar.end), back, NEVER)
    moved = np.flatnonzero(goes | stays | joins)
    return moved, target[moved], day[moved], back[moved], np.flatnonzero(splits)


def _living(
    calendar: Calendar, children: Ints, birth: Ints, member: Ints, where: Ints, start: Ints, stop: Ints
) -> Ints:
    row = np.full(len(birth), -1)
    row[children] = np.arange(len(children))
    firsts = calendar.firsts[:-1]
    living = np.full((len(children), calendar.months), -1, dtype=np.int64)
    # memberships of one person never overlap, so no cell is written twice
    mine = np.flatnonzero(row[member] >= 0)
    which, month = np.nonzero((start[mine][:, None] <= firsts) & (firsts < stop[mine][:, None]))
    living[row[member[mine]][which], month] = where[mine][which]
    grown = birth[children][:, None] + ADULT <= calendar.firsts[1:]
    unborn = birth[children][:, None] >= firsts
    living[grown | unborn] = -1
    return living
