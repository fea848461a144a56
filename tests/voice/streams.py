"""A call whose socket is lost, and what Twilio and another process do then."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from functions.voice.app import make_app
from functions.voice.endings import Endings
from functions.voice.speech.model import CallerText
from tests.voice.phone import Phone, token_in
from tests.voice.scripted_model import ScriptedSession
from tests.voice.test_calls import House


def elsewhere(home: House) -> House:
    """Another process of the same service: the same store, and no memory of the first one's streams."""
    services = replace(home.services, endings=Endings())
    return replace(home, services=services, app=make_app(services))


async def greeted(home: House, number: int = 1) -> ScriptedSession:
    session = await home.model.session(number)
    await session.is_told()
    return session


async def exchange(phone: Phone, session: ScriptedSession, asked: str, answered: str) -> None:
    """The caller says something, and is answered."""
    await phone.speaks(800)
    session.sends(CallerText(asked))
    await asyncio.sleep(0.8)
    session.says(answered, 800)
    await asyncio.sleep(1.2)


async def taken_up(home: House, phone: Phone, stream_no: int = 1) -> asyncio.Task[None]:
    """The socket was lost; Twilio asks what comes next, and connects the next stream."""
    again = await phone.post(f"/voice/after?stream={stream_no}")
    return asyncio.create_task(phone.stream(token_in(again.text)))
