"""A caller whom we failed is called back: the people behind the agent are told so before the caller is."""

from __future__ import annotations

import asyncio
import logging

from functions.voice.endings import STORE_DEADLINE_S, AfterStream
from functions.voice.services import VoiceServices
from functions.voice.webhooks import IncomingCall
from shared.store.messages import Message, MessageKind, leave_message
from shared.store.store import StoreError

log = logging.getLogger(__name__)


async def is_called_back(services: VoiceServices, call: IncomingCall, after: AfterStream) -> bool:
    """Whether it may be promised: it is written down for the business, or the campaign's rules see to it."""
    if after.attempt_id is not None and after.ending.is_our_fault:
        return True  # a campaign calls whom it failed again soon, as its retry rules say
    number = call.from_ if after.attempt_id is None else call.to
    if not number.startswith("+"):
        return False  # hidden: nobody could
    message = Message(
        id=f"call_back-{call.call_sid}",
        kind=MessageKind.CALL_BACK,
        call_sid=call.call_sid,
        agent_id=after.agent_id or "",
        message="The call could not go on and nobody took it over. The caller was told that we call back.",
        urgent=True,
        phone=number,
        created_at=services.clock.now(),
    )
    try:
        async with asyncio.timeout(STORE_DEADLINE_S):
            await leave_message(services.store, message)
    except (StoreError, TimeoutError):
        log.error("nobody could be told to call the caller back", extra={"call": call.call_sid})
        return False
    log.warning("the caller is to be called back", extra={"call": call.call_sid, "ending": str(after.ending)})
    return True
