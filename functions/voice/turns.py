"""Who has the floor. The table is the whole rule; an event with no row raises and changes nothing."""

from __future__ import annotations

from enum import StrEnum


class Floor(StrEnum):
    """Whose turn it is to be heard."""

    NOBODY = "nobody"
    CALLER = "caller"
    AGENT = "agent"


class FloorEvent(StrEnum):
    """What moves the floor from one to another."""

    CALLER_SPOKE = "caller_spoke"
    """The caller is speaking while the agent is not being heard."""
    AGENT_SPOKE = "agent_spoke"
    """Audio of an answer goes to the caller."""
    BARGED_IN = "barged_in"
    """The caller spoke while the agent was being heard, and the answer was cut off."""
    AGENT_HEARD = "agent_heard"
    """The last of what was sent has been played."""


class IllegalTurn(Exception):
    """This cannot happen while the floor is held so."""


NEXT_FLOOR: dict[tuple[Floor, FloorEvent], Floor] = {
    (Floor.NOBODY, FloorEvent.CALLER_SPOKE): Floor.CALLER,
    (Floor.NOBODY, FloorEvent.AGENT_SPOKE): Floor.AGENT,
    (Floor.CALLER, FloorEvent.CALLER_SPOKE): Floor.CALLER,
    (Floor.CALLER, FloorEvent.AGENT_SPOKE): Floor.AGENT,
    (Floor.AGENT, FloorEvent.AGENT_SPOKE): Floor.AGENT,
    (Floor.AGENT, FloorEvent.BARGED_IN): Floor.CALLER,
    (Floor.AGENT, FloorEvent.AGENT_HEARD): Floor.NOBODY,
}


def next_floor(floor: Floor, event: FloorEvent) -> Floor:
    """Who has the floor after this event. Raises IllegalTurn."""
    try:
        return NEXT_FLOOR[floor, event]
    except KeyError:
        raise IllegalTurn(f"{event} while {floor} has the floor") from None
