"""Collecting keys while something is said."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from local.telephone_network.calls.leg import Leg
from local.telephone_network.calls.line import Line
from local.telephone_network.race import first_of
from local.telephone_network.sound import tones
from local.telephone_network.twiml import verbs

Download = Callable[[str], Awaitable[bytes]]


async def gather(leg: Leg, verb: verbs.Gather, download: Download) -> str:
    """The keys that were pressed, "" if none were. The first key cuts the prompts off."""
    if leg.line is None:
        await _prompt(leg, verb, download)
        await leg.wait(verb.timeout_s)
        return ""
    line = leg.line
    while not line.keys.empty():
        line.keys.get_nowait()
    digits = ""
    first = await _first_key(leg, line, verb, download)
    while first is not None and first != verb.finish_on_key:
        digits += first
        if verb.digits is not None and len(digits) >= verb.digits:
            break
        first = await _key_within(leg, line, verb.timeout_s)
    leg.call.journal.note("gathered", digits=digits)
    return digits


async def _first_key(leg: Leg, line: Line, verb: verbs.Gather, download: Download) -> str | None:
    pressed: list[str] = []

    async def listen() -> None:
        pressed.append(await line.keys.get())

    await first_of(_prompt(leg, verb, download), listen())
    if pressed:
        line.buffer.clear()
        return pressed[0]
    return await _key_within(leg, line, verb.timeout_s)


async def _key_within(leg: Leg, line: Line, seconds: float) -> str | None:
    pressed: list[str] = []

    async def listen() -> None:
        pressed.append(await line.keys.get())

    await first_of(listen(), leg.wait(seconds))
    return pressed[0] if pressed else None


async def _prompt(leg: Leg, verb: verbs.Gather, download: Download) -> None:
    for prompt in verb.prompts:
        match prompt:
            case verbs.Say(text=text):
                await leg.speak(text)
            case verbs.Play(digits=str(digits)):
                await leg.play(tones.keys(digits))
            case verbs.Play(url=url):
                await leg.play(await download(url))
            case verbs.Pause(length_s=seconds):
                await leg.wait(seconds)
