"""Why a contact is not called, and when to look again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Code(StrEnum):
    """Why a contact is not called; stable, for machines."""

    SUPPRESSED = "suppressed"
    NUMBER_BLOCKED = "number_blocked"
    FINISHED = "finished"
    COUNTRY_NOT_ENABLED = "country_not_enabled"
    NO_CONSENT = "no_consent"
    DNC_REGISTRY = "dnc_registry"
    TZ_UNKNOWN = "tz_unknown"
    CAP_TOTAL = "cap_total"
    NOT_RUNNING = "not_running"
    PAUSED = "paused"
    EXPIRED = "expired"
    BUDGET = "budget"
    NOT_DUE = "not_due"
    CAP_24H = "cap_24h"
    CAP_7D = "cap_7d"
    CAP_30D = "cap_30d"
    OUTSIDE_WINDOW = "outside_window"
    RULE_ERROR = "rule_error"


_PASSING = frozenset({Code.NOT_RUNNING, Code.PAUSED, Code.BUDGET, Code.FINISHED, Code.RULE_ERROR})
"""Refusals that say nothing about the contact itself; it stays as it is."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A no, with its reason in words."""

    code: Code
    sentence: str
    until: datetime | None = None
    """When to look again; None: time alone will not change it."""

    @property
    def is_final(self) -> bool:
        """Whether the contact is to be skipped rather than to wait."""
        return self.until is None and self.code not in _PASSING
