"""How a call's last stream ended, for the webhook that asks what comes next: remembered here, or read from the store.

The webhook may reach another process than the one that carried the stream, and each process remembers the streams that
it carried. So Twilio is told the stream's number in the webhook's address, and an ending holds for its number alone.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.domain.call import Ending, call_path
from shared.store.store import Store, StoreError

MOST_STREAMS = 4
"""The first and three more; a call that loses its socket again after that is let go with an apology."""
MOST_REMEMBERED = 2_000
STORE_DEADLINE_S = 2.0


@dataclass(frozen=True, slots=True)
class AfterStream:
    """How a stream ended, and what the next one has to know."""

    ending: Ending
    language: str | None
    stream_no: int
    transfer_to: str | None = None
    is_warm: bool = False
    """Whoever is rung is asked first."""
    agent_id: str | None = None
    attempt_id: str | None = None
    """Of a call that Parley placed."""
    agent_version: int | None = None
    """The one that the call began with, or that the agent it was handed over to had."""
    facts: tuple[str, ...] = ()
    """What tools have found out about the caller."""


class Endings:
    """The endings of the streams that this process carried, so that the next webhook need not wait for the store."""

    def __init__(self) -> None:
        self._by_call: OrderedDict[str, AfterStream] = OrderedDict()

    def remember(self, call_sid: str, after: AfterStream) -> None:
        """The stream of this call ended so."""
        self._by_call[call_sid] = after
        self._by_call.move_to_end(call_sid)
        while len(self._by_call) > MOST_REMEMBERED:
            self._by_call.popitem(last=False)

    def take(self, call_sid: str, stream_no: int | None = None) -> AfterStream | None:
        """How this stream of the call ended, if it was carried here; None as number: the last that was.

        Asked once: the next may be carried elsewhere.
        """
        after = self._by_call.pop(call_sid, None)
        return after if after is None or stream_no in (None, after.stream_no) else None


async def ending_of(store: Store, call_sid: str, stream_no: int | None = None) -> AfterStream | None:
    """How a stream ended by the call's record; None without one. A stream without an ending was cut off."""
    try:
        async with asyncio.timeout(STORE_DEADLINE_S):
            document = await store.get(call_path(call_sid))
    except (StoreError, TimeoutError):
        return None
    return None if document is None else _after(document.data, stream_no)


def _after(record: Mapping[str, Any], stream_no: int | None) -> AfterStream:
    last_no = int(record.get("streams") or 1)
    # What the record says of an earlier stream does not hold for one that has left no word in it.
    told = record.get("ending") if stream_no in (None, last_no) else None
    # Of a call that was handed over within, the agent that has it now.
    holder = record.get("held_by")
    holder = holder if isinstance(holder, Mapping) else record
    version, facts, transfer = holder.get("agent_version"), record.get("facts"), record.get("transfer")
    return AfterStream(
        is_warm=isinstance(transfer, Mapping) and bool(transfer.get("summary")),
        ending=Ending(str(told or Ending.STREAM_LOST)),
        language=_text(record.get("spoken_language") or record.get("language")),
        stream_no=last_no if stream_no is None else stream_no,
        transfer_to=_text(record.get("transfer_to")),
        agent_id=_text(holder.get("agent_id")),
        attempt_id=_text(record.get("attempt_id")),
        agent_version=version if isinstance(version, int) else None,
        facts=tuple(map(str, facts)) if isinstance(facts, list) else (),
    )


def _text(value: object) -> str | None:
    return str(value) if value else None
