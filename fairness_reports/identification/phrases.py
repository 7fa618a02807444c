"""Why a gap stays open although it was measured, in words.

Belongs here: the phrases that identification writes into the column `reason` of the audit.
Does not belong here: their words on a page (the catalogue), the reasons of figures that are missing.
"""

from __future__ import annotations

from typing import Final

COULD_BE_ANYTHING: Final = "outcomes that nobody sees could make it anything"
NO_BOUNDS: Final = "no bounds for this metric"
OPEN_BY_RECORDING: Final = "what is not recorded leaves it open"
CONTRADICTED: Final = "the records contradict what was declared"
