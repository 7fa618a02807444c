"""What only people can say for the transparency pack.

Belongs here: the section `transparency` of a charter.
Does not belong here: the records made of it (fairness_reports.transparency).
"""

from __future__ import annotations

from fairness_reports.charter.placeholders import Section


class Transparency(Section):
    """Answers for the public records that no program can know."""
