"""Contacts are spread over shards by their hash, so that several dispatchers can share the work."""

from __future__ import annotations

SHARDS = 8
"""More than anybody runs dispatchers; each holds some, one alone holds all."""


def shard_of(contact_id: str) -> int:
    """Which shard a contact belongs to."""
    return int(contact_id[:8], 16) % SHARDS
