"""The simulated service as a whole.

Belongs here: the order in which the parts are drawn, and the export as tables. Does not belong here: any assumption
about the world (parameters), or files (files).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data_contracts.errors import UsageError
from data_contracts.simulator import records
from data_contracts.simulator.needs import draw_needs
from data_contracts.simulator.parameters import Parameters
from data_contracts.simulator.population import NEVER, Calendar, populate


@dataclass(frozen=True)
class World:
    """A simulated service: its exported tables by name, and the truth that it does not see."""

    tables: dict[str, pd.DataFrame]
    truth: pd.DataFrame


def simulate(parameters: Parameters) -> World:
    """Simulate the service.

    Parameters
    ----------
    parameters : Parameters
        Every assumption; `for_scenario` has the two that are documented.

    Returns
    -------
    World
        Dates are ISO text, empty where nothing happened or nothing was known at the export.

    Raises
    ------
    UsageError
        Fewer than 20 people were asked for.
    """
    if parameters.people < 20:
        raise UsageError("The simulator needs at least 20 people.", todo="Ask for more with --people.")
    # one stream per part: a change in one leaves the others as they were
    people, needs, service = (np.random.default_rng(s) for s in np.random.SeedSequence(parameters.seed).spawn(3))
    calendar = Calendar.of(parameters)
    population = populate(parameters, calendar, people)
    recorder = records.Recorder(
        parameters, calendar, population, draw_needs(parameters, calendar, population, needs), service
    )
    persons = records.persons_table(recorder)
    placements, truth = records.placements_table(recorder)
    tables = {
        "persons": persons,
        "memberships": records.memberships_table(recorder, persons),
        "cases": records.cases_table(recorder),
        "referrals": records.referrals_table(recorder),
        "contacts": records.contacts_table(recorder),
        "assessments": records.assessments_table(recorder),
        "absences": records.absences_table(recorder),
        "services": records.services_table(recorder),
        "placements": placements,
    }
    known = set(tables["cases"]["case_id"])
    for name, table in tables.items():
        # a case that is not in the export (closed long ago, or recorded after it) has no entries in it either
        if name != "cases" and "case_id" in table.columns:
            tables[name] = table[table["case_id"].isin(known) | (table["case_id"] == "")].reset_index(drop=True)
    return World({name: _dated(table) for name, table in tables.items()}, _dated(truth))


def _dated(table: pd.DataFrame) -> pd.DataFrame:
    table = table.copy()
    for column in table.columns:
        if column.endswith(("_on", "_date")):
            days = table[column].to_numpy()
            never = days >= NEVER
            dates = np.where(never, 0, days).astype("datetime64[D]").astype(str)
            table[column] = np.where(never, "", dates)
    return table
