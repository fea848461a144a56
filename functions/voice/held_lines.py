"""Lines that an agent's own voice says without its model: made once in the background, kept beside the recordings.

A line is needed while the model cannot speak, so it is spoken ahead: by a session of the agent's own model with the
agent's own voice, in the background, after the first call that missed it. What the model really said is compared with
what it was to say before anybody hears it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from difflib import SequenceMatcher
from hashlib import sha256
from typing import Final

from functions.voice.audio import Downsampler, encode_ulaw
from functions.voice.places import Place
from functions.voice.speech.model import AgentAudio, AgentText, SpeechError, TurnComplete
from shared.domain.agent import VOICES, Agent
from shared.domain.languages import base_of, language_name
from shared.domain.spoken_lines import words
from shared.objects.objects import NoSuchObject, Objects, ObjectsError

log = logging.getLogger(__name__)

LINE: Final = "hold_on"
FOLDER: Final = "lines"
AGAIN_AFTER_S: Final = 3_600.0
"""A line that could not be made is not tried again with every call."""
SPEAK_WITHIN_S: Final = 20.0
SHORTEST_MS, LONGEST_MS = 400, 6_000
LIKE: Final = 0.8
"""Of its letters have to be those of the line."""
READER: Final = (
    "You read lines aloud for a telephone system. You are given one line in {language}. Say exactly its words, once,"
    " calmly and kindly, and nothing else: no greeting, no comment."
)


class HeldLines:
    """Held lines of a process that keeps none: callers hear typing."""

    def expect(self, agent: Agent, language: str) -> None:
        """A call with this agent has begun in this language."""

    def line(self, agent: Agent, language: str) -> bytes | None:
        """What the agent says while a tool works, mu-law at 8 kHz; None as long as nobody has made it."""
        del agent, language
        return None


class StoredLines(HeldLines):
    """Held lines of a process that makes them and keeps them in the object store."""

    def __init__(self, objects: Objects, place_of: Callable[[Agent, str], Place]) -> None:
        self._objects = objects
        self._place_of = place_of
        self._known: dict[str, bytes] = {}
        self._looked: dict[str, float] = {}
        """When a line was last looked for, or made, in vain."""
        self._at_work: set[asyncio.Task[None]] = set()
        self._one_at_a_time = asyncio.Lock()

    def expect(self, agent: Agent, language: str) -> None:
        """Look whether the line is there, so that it is at hand when it is needed."""
        name = name_of(agent, language)
        if name is not None and name not in self._known:
            self._begin(name, agent, language, make=False)

    def line(self, agent: Agent, language: str) -> bytes | None:
        """The line, if it is at hand; otherwise it is made for the next one who needs it."""
        name = name_of(agent, language)
        if name is None:
            return None
        if name not in self._known:
            self._begin(name, agent, language, make=True)
        return self._known.get(name)

    async def settle(self) -> None:
        """Wait for what is under way; for tests."""
        while self._at_work:
            await asyncio.wait(set(self._at_work))

    def _begin(self, name: str, agent: Agent, language: str, *, make: bool) -> None:
        now_s = asyncio.get_running_loop().time()
        key = f"make {name}" if make else name
        if now_s - self._looked.get(key, float("-inf")) < AGAIN_AFTER_S:
            return
        self._looked[key] = now_s
        task = asyncio.create_task(self._find(name, agent, language, make=make))
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)

    async def _find(self, name: str, agent: Agent, language: str, *, make: bool) -> None:
        extra = {"agent": agent.id, "language": language}
        try:
            async with self._one_at_a_time:
                if name not in self._known:
                    self._known[name] = await asyncio.to_thread(self._objects.read, name)
        except NoSuchObject:
            if make:
                await self._make(name, agent, language)
        except ObjectsError as error:
            log.warning("a line cannot be read", extra={**extra, "error": type(error).__name__})

    async def _make(self, name: str, agent: Agent, language: str) -> None:
        extra = {"agent": agent.id, "language": language}
        wanted = _wanted(agent, language) or ""
        try:
            async with asyncio.timeout(SPEAK_WITHIN_S), self._one_at_a_time:
                ulaw, said = await _spoken(self._place_of(agent, language), wanted, language)
            if not SHORTEST_MS <= len(ulaw) // 8 <= LONGEST_MS or not is_like(said, wanted):
                log.warning("a line was not said as it stands", extra=extra)
                return
            await asyncio.to_thread(self._objects.put, name, ulaw, content_type="audio/basic")
        except (SpeechError, ObjectsError, TimeoutError) as error:
            log.warning("a line cannot be made", extra={**extra, "error": type(error).__name__})
            return
        self._known[name] = ulaw
        log.info("a line was made", extra=extra)


def _wanted(agent: Agent, language: str) -> str | None:
    return words(LINE, language, VOICES[agent.voice])


def name_of(agent: Agent, language: str) -> str | None:
    """Where the line is kept: another wording, voice or language is another line. None where there are no words."""
    wanted = _wanted(agent, language)
    if wanted is None:
        return None
    return f"{FOLDER}/{agent.voice}/{base_of(language)}/{LINE}-{sha256(wanted.encode()).hexdigest()[:12]}.ulaw"


def is_like(said: str, wanted: str) -> bool:
    """Whether the words are the line's, as far as a transcript can tell."""
    one, other = ("".join(sign for sign in text.casefold() if sign.isalnum()) for text in (said, wanted))
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= LIKE


async def _spoken(place: Place, wanted: str, language: str) -> tuple[bytes, str]:
    """The line as the model says it: mu-law, and its own transcript. Raises SpeechError."""
    instructions = READER.format(language=language_name(base_of(language)))
    setup = replace(place.setup, instructions=instructions, tools=(), history=(), language=language)
    session = await place.model.open(setup)
    voice, down, said = bytearray(), Downsampler(), []
    try:
        await session.send_text(f"[Say exactly this, once: {wanted}]")
        while True:
            for event in await session.receive():
                match event:
                    case AgentAudio(pcm=pcm):
                        voice += down.push(pcm)
                    case AgentText(text):
                        said.append(text)
                    case TurnComplete():
                        voice += down.flush()
                        return encode_ulaw(bytes(voice)), "".join(said)
    finally:
        await session.close()
