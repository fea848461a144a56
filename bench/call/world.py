"""``python -m bench.call.world``: the model and the callers in one process; commands come as lines of JSON.

A line {"calls": 50} makes as many calls stand, {"count_s": 20} counts for so long and answers with what was seen.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import aiohttp
import picows
import uvloop
from twilio.request_validator import RequestValidator

from bench.call.model import serve_model
from bench.call.phones import Call, Seen, keep_time
from local.certificates import certificates

NUMBER = "+13105550100"


class World:
    """Everything around the bridge."""

    def __init__(self, account: str, token: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._account = account
        self._signer = RequestValidator(token)
        self._calls: list[Call] = []
        self._made = 0
        self._clock = clock
        self.seen = Seen(clock=clock)
        self._ticking: asyncio.Task[None] | None = None
        self.origin = ""
        self.plain = False

    async def stand(self, count: int, *, per_s: float) -> None:
        """Dial until so many calls stand."""
        if self._ticking is None:
            self._ticking = asyncio.create_task(keep_time(self._calls, self.seen))
        async with aiohttp.ClientSession() as http:
            while len(self._calls) < count:
                await self._dial(http)
                await asyncio.sleep(1 / per_s)

    async def _dial(self, http: aiohttp.ClientSession) -> None:
        self._made += 1
        call_sid = f"CA{self._made:032x}"
        token, path = "", "/voice/stream"
        if not self.plain:
            token = await self._webhook(http, call_sid)
        socket = self.origin.replace("http://", "ws://")
        headers = {"X-Twilio-Signature": str(self._signer.compute_signature(f"{socket}{path}", {}))}
        call = Call(self._made, call_sid, self._account, token, self.seen)
        await picows.ws_connect(lambda: call, f"{socket}{path}", extra_headers=headers)
        self._calls.append(call)

    async def _webhook(self, http: aiohttp.ClientSession, call_sid: str) -> str:
        url = f"{self.origin}/voice/inbound"
        form = {
            "AccountSid": self._account,
            "CallSid": call_sid,
            "CallStatus": "ringing",
            "Direction": "inbound",
            "From": f"+1202555{self._made:04d}",
            "To": NUMBER,
        }
        headers = {
            "X-Twilio-Signature": str(self._signer.compute_signature(url, form)),
            "content-type": "application/x-www-form-urlencoded",
        }
        async with http.post(url, data=urlencode(form), headers=headers) as answer:
            assert answer.status == 200, answer.status
            stream = ElementTree.fromstring(await answer.text()).find("Connect/Stream")
        assert stream is not None
        return next(one.attrib["value"] for one in stream if one.attrib.get("name") == "token")

    async def count(self, seconds: float) -> dict[str, Any]:
        """What the calls see for so long."""
        kept = self.seen.first_audio_ms[:]
        self.seen.__init__(counting=True, clock=self._clock)  # type: ignore[misc]
        cpu_s = time.process_time()
        await asyncio.sleep(seconds)
        self.seen.counting = False
        late = sorted(self.seen.late_ticks_ms)
        return {
            "added_ms": self.seen.added_ms,
            "barge_ins_ms": self.seen.barge_ins_ms,
            "first_audio_ms": kept,
            "underruns": self.seen.underruns,
            "missing": self.seen.missing,
            "missed_barge_ins": self.seen.missed_barge_ins,
            "lost_calls": self.seen.lost_calls,
            "world_late_p95_ms": late[len(late) * 95 // 100] if late else 0.0,
            "world_core": (time.process_time() - cpu_s) / seconds,
        }

    def hang_up(self) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None
        for call in self._calls:
            call.hang_up()
        self._calls.clear()
        self.seen = Seen(clock=self._clock)


async def main(wanted: argparse.Namespace) -> None:
    made = certificates(Path(wanted.certificates))
    port = await serve_model(made.server_context())
    world = World(wanted.account, wanted.token)
    gc.freeze()
    say({"model_port": port, "ca_bundle": str(made.ca_bundle)})
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    with suppress(asyncio.IncompleteReadError):
        while line := await lines.readline():
            say(await obey(world, json.loads(line)))


async def obey(world: World, wish: dict[str, Any]) -> dict[str, Any]:
    if "origin" in wish:
        world.origin, world.plain = wish["origin"], wish["plain"]
    if "calls" in wish:
        await world.stand(wish["calls"], per_s=wish.get("per_s", 20.0))
    if "count_s" in wish:
        return await world.count(wish["count_s"])
    if "hang_up" in wish:
        world.hang_up()
    return {}


def say(what: dict[str, Any]) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--account", required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--certificates", required=True)
    uvloop.run(main(parser.parse_args()))
