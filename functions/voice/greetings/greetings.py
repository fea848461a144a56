"""A process's stored greetings: found while the phone is being connected, kept after a call that had the first."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from dataclasses import replace
from typing import Final

from functions.voice.greetings.greeting import Greeting
from shared.objects.objects import NoSuchObject, Objects, ObjectsError

log = logging.getLogger(__name__)

FIND_WITHIN_S: Final = 0.8
"""While the caller hears it ring; a greeting that takes longer is made anew."""
LOOK_AGAIN_S: Final = 60.0
"""One that was not there may have been kept by another instance since."""
MOST: Final = 200
"""Some 10 MB."""
MOST_CHOSEN: Final = 2_000


class Greetings:
    """Of a process without a place for them."""

    async def choose(self, call_sid: str, greeting: Greeting | None) -> Greeting | None:
        """The greeting with its sound, if it is stored; this call's stream will play it. Never raises."""
        del call_sid, greeting
        return None

    def chosen(self, call_sid: str) -> Greeting | None:
        """What was chosen for this call; asked once."""
        del call_sid
        return None

    def at_hand(self, greeting: Greeting | None) -> Greeting | None:
        """The greeting with its sound, if it is in memory."""
        del greeting
        return None

    def keep(self, greeting: Greeting) -> None:
        """Store it for the calls that come, beside whatever goes on."""


class StoredGreetings(Greetings):
    """Of a process that has one."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._sounds: OrderedDict[str, bytes] = OrderedDict()
        self._missed_s: OrderedDict[str, float] = OrderedDict()
        """When those that are not stored were looked for."""
        self._chosen: OrderedDict[str, Greeting] = OrderedDict()
        self._keeping: set[asyncio.Task[None]] = set()

    async def choose(self, call_sid: str, greeting: Greeting | None) -> Greeting | None:
        """Look in memory, then in the store."""
        found = self.at_hand(greeting)
        if found is None and greeting is not None and self._may_look(greeting.name):
            found = await self._find(greeting)
        if found is not None:
            self._chosen[call_sid] = found
            while len(self._chosen) > MOST_CHOSEN:
                self._chosen.popitem(last=False)
        return found

    def chosen(self, call_sid: str) -> Greeting | None:
        """It leaves the list."""
        return self._chosen.pop(call_sid, None)

    def at_hand(self, greeting: Greeting | None) -> Greeting | None:
        """From memory."""
        if greeting is None or (ulaw := self._sounds.get(greeting.name)) is None:
            return None
        self._sounds.move_to_end(greeting.name)
        return replace(greeting, ulaw=ulaw)

    def _may_look(self, name: str) -> bool:
        missed_s = self._missed_s.get(name)
        return missed_s is None or asyncio.get_running_loop().time() - missed_s >= LOOK_AGAIN_S

    async def _find(self, greeting: Greeting) -> Greeting | None:
        try:
            async with asyncio.timeout(FIND_WITHIN_S):
                ulaw = await asyncio.to_thread(self._objects.read, greeting.name)
        except (ObjectsError, TimeoutError) as error:
            if not isinstance(error, NoSuchObject):
                log.warning("stored greeting could not be read", extra={"error": type(error).__name__})
            self._missed_s[greeting.name] = asyncio.get_running_loop().time()
            while len(self._missed_s) > MOST:
                self._missed_s.popitem(last=False)
            return None
        self._remember(greeting.name, ulaw)
        return self.at_hand(greeting)

    def _remember(self, name: str, ulaw: bytes) -> None:
        self._missed_s.pop(name, None)
        self._sounds[name] = ulaw
        while len(self._sounds) > MOST:
            self._sounds.popitem(last=False)

    def keep(self, greeting: Greeting) -> None:
        """In a task of its own: the call may be over before it is done."""
        keeping = asyncio.create_task(self._keep(greeting))
        self._keeping.add(keeping)
        keeping.add_done_callback(self._keeping.discard)

    async def _keep(self, greeting: Greeting) -> None:
        """In memory once it is in the store: what is played here is what others play."""
        try:
            await asyncio.to_thread(self._objects.put, greeting.name, greeting.ulaw, content_type="audio/basic")
        except ObjectsError as error:
            log.warning("greeting could not be stored", extra={"error": type(error).__name__})
            return
        self._remember(greeting.name, greeting.ulaw)
        log.info("greeting stored", extra={"greeting": greeting.name})
