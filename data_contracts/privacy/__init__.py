"""The privacy gate: what must not enter is found before anything is written.

Belongs here: what the names and the contents of columns give away, and the gate that stops a delivery for it.
Does not belong here: pseudonyms (keys), reading files (reading). docs/privacy.md states every test and its threshold.
"""

from data_contracts.privacy.gate import Finding, PrivacyReport, privacy_gate

__all__ = ["Finding", "PrivacyReport", "privacy_gate"]
