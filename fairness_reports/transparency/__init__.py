"""The transparency pack: public records about a model, made from what a release and its pack say.

Belongs here: the records as plain values (card, atrs, impact, inventory) and writing them as JSON.
Does not belong here: their page (fairness_reports.reports.transparency), and inventing an answer: what nobody has said
is listed as missing, with the role that should say it.
"""

from fairness_reports.transparency.records import FILES, records, write

__all__ = ["FILES", "records", "write"]
