"""The entrance: contracts, validation, quarantine, privacy gate, pseudonyms, core tables, dummy data.

No row gets past this room that its contract does not know. docs/architecture.md follows a delivery through it.
"""
