"""A frame of telephone audio: how long it is, and of how many bytes."""

from __future__ import annotations

from typing import Final

FRAME_MS: Final = 20
"""Twilio sends 20 ms at a time; anything longer would delay barge-in."""
TELEPHONE_HZ: Final = 8_000
ULAW_FRAME_BYTES: Final = TELEPHONE_HZ * FRAME_MS // 1000
