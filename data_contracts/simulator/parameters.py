"""The assumptions of the simulated family support service, each with its meaning, and the two scenarios.

Belongs here: every figure that shapes the simulated world. Does not belong here: code that uses one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

from data_contracts.errors import UsageError
from data_contracts.yamldoc import nearest


@dataclass(frozen=True)
class Parameters:
    """What the simulated world is like.

    A *strain* is a number per child and month, standard normal over the whole population in the long run, that nobody
    in the service ever sees. It drives how often a crisis happens (the true need) and, with noise, what the service
    records. Rates are per month; a slope multiplies the strain inside an exponential, so a slope of .5 means 1.65
    times the rate for one standard deviation more strain. Groups differ in nothing but the three mappings `reporting`,
    `recording` and `unfounded`: at equal need they are reported and recorded alike (scenario `even`) or not (`biased`).

    Parameters
    ----------
    people : int
        Persons in the export, children and adults, those who are born in its course included.
    seed : int
        Same seed, same bytes.
    start, end : date
        First and last day of the records; the service exports in the night after `end`.
    burn_in_months : int
        Months simulated before `start` so that the first January looks like any other.
    communities : mapping of str to float
        The four invented communities and their shares of the households.
    disabled, disability_unrecorded : float
        Share of persons with a disability, and share for whom the service recorded nothing about it.
    adults, children : tuple of float
        Shares of households with 1, 2, 3 adults, and with 1, 2, 3, 4 children.
    separations, kin_stays, new_partners : float
        Yearly rates per household (the first), child (second) and adult (third): an adult leaves with some of the
        children for a new household; a child moves to another household, half of them for some months only; an adult
        moves in with another household. The last two join households into clusters, so they are kept rare: much above
        these rates most of the population becomes one cluster, which no split can divide.
    household_share, household_half_life, child_share : float
        How much of the strain's variance is a lasting trait of the household, after how many months half of the passing
        part has gone, and how much of the variance is the child's own.
    open_rate, open_slope, close_rate, close_slope : float
        Chance per month that a family's case is opened, or an open one closed; more strain opens sooner, closes later.
    crisis_rate, crisis_slope : float
        Chance per month of a true crisis of a child, with or without an open case.
    reporting : mapping of str to float
        Per community, how often people around a family report it (referrals, and through them the opening of cases and
        the attention that fills a file) relative to its need: 1 is the common measure.
    recording : mapping of str to float
        Per community, the share of true crises during an open case that the service answers and records as a crisis
        placement.
    unfounded : mapping of str to float
        Per community, chance per month of an open case of a recorded crisis placement without a true crisis.
    extra_referrals, referral_slope : float
        Further referrals per month while a case is open; a fifth as many without one.
    home_visits, missed_appointments, missed_slope, office_visits : float
        Contacts per month of an open case.
    assessment_every, assessment_slope, assessment_noise : float
        Months between two assessments; points of the score (0 to 100) per unit of strain; standard deviation of what
        the assessor adds.
    absence_rate, absence_slope : float
        Days of absence from school per month of an open case, for children of 6 to 16 years.
    services, planned_placements : float
        Service episodes begun, and planned (respite) placements, per month of an open case.
    attention : float
        How much more contact a reported family gets: contacts, referrals and planned placements are multiplied by
        `reporting ** attention`.
    late_share, late_mean, very_late_share, very_late_mean : float
        Recording: most entries are made within three days, `late_share` of them later by `late_mean` days on average,
        `very_late_share` by `very_late_mean`.
    late_end_share, late_end_mean : float
        The same for ends of episodes and closures, which are forgotten more often.
    late_move_mean : float
        Days after which a move becomes known, on average.
    """

    people: int = 20_000
    seed: int = 20_250_101
    start: date = date(2019, 1, 1)
    end: date = date(2024, 12, 31)
    burn_in_months: int = 12
    communities: dict[str, float] = field(default_factory=lambda: {"Ardal": 0.34, "Belmar": 0.34, "Cendry": 0.32})
    disabled: float = 0.12
    disability_unrecorded: float = 0.03
    adults: tuple[float, ...] = (0.52, 0.44, 0.04)
    children: tuple[float, ...] = (0.38, 0.36, 0.18, 0.08)
    separations: float = 0.015
    kin_stays: float = 0.008
    new_partners: float = 0.008
    household_share: float = 0.10
    household_half_life: float = 18.0
    child_share: float = 0.25
    open_rate: float = 0.070
    open_slope: float = 0.10
    close_rate: float = 0.075
    close_slope: float = 0.10
    crisis_rate: float = 0.030
    crisis_slope: float = 1.3
    reporting: dict[str, float] = field(default_factory=lambda: {"Ardal": 1.0, "Belmar": 1.0, "Cendry": 1.0})
    recording: dict[str, float] = field(default_factory=lambda: {"Ardal": 0.9, "Belmar": 0.9, "Cendry": 0.9})
    unfounded: dict[str, float] = field(default_factory=lambda: {"Ardal": 0.001, "Belmar": 0.001, "Cendry": 0.001})
    extra_referrals: float = 0.10
    referral_slope: float = 0.7
    home_visits: float = 0.40
    missed_appointments: float = 0.25
    missed_slope: float = 0.7
    office_visits: float = 0.10
    assessment_every: float = 5.0
    assessment_slope: float = 11.0
    assessment_noise: float = 7.0
    absence_rate: float = 1.1
    absence_slope: float = 0.5
    services: float = 0.05
    planned_placements: float = 0.006
    attention: float = 1.0
    late_share: float = 0.22
    late_mean: float = 12.0
    very_late_share: float = 0.03
    very_late_mean: float = 70.0
    late_end_share: float = 0.30
    late_end_mean: float = 45.0
    late_move_mean: float = 30.0


# What a scenario changes about the world; the first is the default.
SCENARIOS: dict[str, dict[str, dict[str, float]]] = {
    "even": {},
    "biased": {
        "reporting": {"Ardal": 3.0, "Belmar": 0.6, "Cendry": 0.6},
        "recording": {"Ardal": 0.97, "Belmar": 0.5, "Cendry": 0.5},
        "unfounded": {"Ardal": 0.02, "Belmar": 0.0005, "Cendry": 0.0005},
    },
}


def for_scenario(scenario: str | None = None, *, people: int | None = None, seed: int | None = None) -> Parameters:
    """Parameters of a scenario.

    Parameters
    ----------
    scenario : str, optional
        `even` (the default) or `biased`.
    people, seed : int, optional
        Instead of the defaults of `Parameters`.

    Returns
    -------
    parameters : Parameters
        The defaults with what the scenario changes.

    Raises
    ------
    UsageError
        There is no such scenario; the valid ones are named.
    """
    name = scenario or next(iter(SCENARIOS))
    if name not in SCENARIOS:
        raise UsageError(
            f"There is no scenario “{name}”.",
            todo=f"Valid are: {', '.join(SCENARIOS)}. {nearest(name, list(SCENARIOS))}".strip(),
        )
    changes: dict[str, object] = dict(SCENARIOS[name])
    if people is not None:
        changes["people"] = people
    if seed is not None:
        changes["seed"] = seed
    return replace(Parameters(), **changes)  # type: ignore[arg-type]  # replace() is not typed by field
