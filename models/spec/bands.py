"""The section `bands:` of programme.yaml: ranges of scores with a name.

Belongs here: its pydantic models. Does not belong here: placing a score in a band (models.scoring).
"""

from __future__ import annotations

from itertools import pairwise

from pydantic import Field, RootModel, field_validator

from features.words import Text
from models.spec.section import Section


class Band(Section):
    """A range of scores with a name: from the band before up to, not including, `up_to`.

    `label` is what reports call it; without one they show the name.
    """

    name: str = Field(min_length=1)
    label: Text | None = None
    up_to: float = Field(gt=0, le=1)


class BandSpec(RootModel[list[Band]]):
    """All bands, from the lowest to the highest; the last one ends at 1 and includes it."""

    @field_validator("root")
    @classmethod
    def _cover_everything(cls, value: list[Band]) -> list[Band]:
        if not value:
            raise ValueError("name at least one band")
        ends = [band.up_to for band in value]
        if any(later <= earlier for earlier, later in pairwise(ends)):
            raise ValueError("each band must end above the one before it")
        if ends[-1] != 1:
            raise ValueError("the last band must end at 1, or the highest scores would have no band")
        if len({band.name for band in value}) != len(value):
            raise ValueError("two bands have the same name")
        return value
