"""From the files of a delivery to rows in the warehouse: staged, checked, quarantined or kept.

Belongs here: landing a delivery as one transaction, accepting or refusing it, what a row's history is.
Does not belong here: rules (rules), what may enter (privacy), core tables (core).
"""

from data_contracts.ingest.current import current_rows
from data_contracts.ingest.landing import Landing, TableLanding, accept_delivery, discard_pending, land, refuse_delivery

__all__ = ["Landing", "TableLanding", "accept_delivery", "current_rows", "discard_pending", "land", "refuse_delivery"]
