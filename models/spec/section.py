"""What every section of programme.yaml that this room owns has in common.

Belongs here: their base. Does not belong here: any field.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A section of a pack: unknown fields are mistakes, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)
