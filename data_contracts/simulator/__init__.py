"""A seeded simulator of a family support service: dummy data whose truth is known.

Belongs here: the parameters of the simulated world, the people, their needs, what the service records of them, and
the files it exports. Does not belong here: dummy data for other programmes (data_contracts.dummy), or anything that
reads a contract: the simulator knows its own files, and the contract of the programme `family_support` describes them.

No person, place or figure in it is real. `Parameters` is the one place where its assumptions stand.
"""

from __future__ import annotations

from data_contracts.simulator.files import TRUTH, write
from data_contracts.simulator.parameters import SCENARIOS, Parameters, for_scenario
from data_contracts.simulator.world import World, simulate

__all__ = ["SCENARIOS", "TRUTH", "Parameters", "World", "for_scenario", "simulate", "write"]
