"""A telephone network for a laptop: Twilio's wire formats on loopback, and people who call and are called.

The program under test speaks to it as it would to Twilio: REST API, signed webhooks, media streams. Run it by
itself with ``python -m local.telephone_network``, or inside a test with ``telephone_network(NetworkSettings(...))``.
"""

from __future__ import annotations

from local.telephone_network.faults import Fault, FaultKind
from local.telephone_network.network import NetworkSettings, TelephoneNetwork
from local.telephone_network.network_time import RunningTime, SteppedTime
from local.telephone_network.people.callees import Callee, CalleeRule, Reaction
from local.telephone_network.people.clips import Clips, ClipShelf, NoSuchClip, RecordedVoices
from local.telephone_network.people.script import BadScript, Script
from local.telephone_network.server import telephone_network

__all__ = [
    "BadScript",
    "Callee",
    "CalleeRule",
    "ClipShelf",
    "Clips",
    "Fault",
    "FaultKind",
    "NetworkSettings",
    "NoSuchClip",
    "Reaction",
    "RecordedVoices",
    "RunningTime",
    "Script",
    "SteppedTime",
    "TelephoneNetwork",
    "telephone_network",
]
