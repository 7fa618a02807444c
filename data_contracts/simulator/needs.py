"""What families need, seen by nobody: strain, true crises, and when the service has a case open.

Belongs here: the hidden part of the world and the opening and closing of cases. Does not belong here: what gets
recorded, and when (records).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_contracts.simulator.parameters import Parameters
from data_contracts.simulator.population import Bools, Calendar, Floats, Population


@dataclass(frozen=True)
class Needs:
    """Per child (rows of `Population.living`) and month.

    Parameters
    ----------
    strain : ndarray of float
        The hidden strain.
    open : ndarray of bool
        Whether the child has an open case.
    crisis : ndarray of bool
        Whether a true crisis happens.
    reporting : ndarray of float
        The factor by which the child's family is reported in that month.
    there : ndarray of bool
        Whether it is born and not grown up.
    """

    strain: Floats
    open: Bools
    crisis: Bools
    reporting: Floats
    there: Bools


def draw_needs(parameters: Parameters, calendar: Calendar, population: Population, rng: np.random.Generator) -> Needs:
    """Draw strain, cases and crises.

    Parameters
    ----------
    parameters : Parameters
    calendar : Calendar
    population : Population
    rng : numpy.random.Generator

    Returns
    -------
    Needs
    """
    of_household = _household_strain(parameters, calendar, len(population.community), rng)
    per_community = np.array([parameters.reporting[name] for name in parameters.communities])
    is_open = _cases(parameters, of_household, per_community[population.community], rng)

    home = population.living
    there = home >= 0
    month = np.broadcast_to(np.arange(calendar.months), home.shape)
    own = rng.standard_normal(len(home))[:, None]
    share = parameters.child_share
    strain = np.sqrt(1 - share) * of_household[home, month] + np.sqrt(share) * own
    chance = np.minimum(parameters.crisis_rate * np.exp(parameters.crisis_slope * strain), 0.9)
    return Needs(
        strain=strain,
        open=is_open[home, month] & there,
        crisis=(rng.random(home.shape) < chance) & there,
        reporting=per_community[population.community[home]],
        there=there,
    )


def _household_strain(parameters: Parameters, calendar: Calendar, households: int, rng: np.random.Generator) -> Floats:
    """Strain per household and month: a lasting part and a passing one (a first-order autoregression)."""
    keep = 0.5 ** (1 / parameters.household_half_life)
    lasting = rng.standard_normal(households) * np.sqrt(parameters.household_share)
    passing = rng.standard_normal(households)
    scale = np.sqrt(1 - parameters.household_share)
    strain = np.empty((households, calendar.months))
    for month in range(calendar.months):
        strain[:, month] = lasting + scale * passing
        passing = keep * passing + np.sqrt(1 - keep**2) * rng.standard_normal(households)
    return strain


def _cases(parameters: Parameters, strain: Floats, reporting: Floats, rng: np.random.Generator) -> Bools:
    """Whether each household has an open case in each month."""
    states = np.zeros(strain.shape, dtype=bool)
    state = np.zeros(len(strain), dtype=bool)
    for month in range(strain.shape[1]):
        now = strain[:, month]
        opens = np.minimum(parameters.open_rate * reporting * np.exp(parameters.open_slope * now), 0.9)
        closes = np.minimum(parameters.close_rate * np.exp(-parameters.close_slope * now), 0.9)
        state = np.where(state, rng.random(len(now)) >= closes, rng.random(len(now)) < opens)
        states[:, month] = state
    return states
