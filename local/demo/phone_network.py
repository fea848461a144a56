"""Asking the local telephone network for calls, and for what it saw of them."""

from __future__ import annotations

from typing import Any

import httpx

LONGEST_CALL_S = 180


class PhoneNetwork:
    """The network's control interface."""

    def __init__(self, origin: str) -> None:
        self._http = httpx.AsyncClient(base_url=origin, timeout=30)

    async def dial(self, caller: str, number: str, script: dict[str, Any]) -> str:
        """Somebody calls one of our numbers and follows the script; the call's SID."""
        answer = await self._http.post("/control/dial", json={"from": caller, "to": number, "script": script})
        answer.raise_for_status()
        return str(answer.json()["call_sid"])

    async def own(self, number: str, public_base_url: str) -> None:
        """One more number of the account, whose calls come to Parley at this origin."""
        wish = {
            "number": number,
            "voice_url": f"{public_base_url}/voice/inbound",
            "status_callback": f"{public_base_url}/voice/status",
        }
        (await self._http.post("/control/numbers", json=wish)).raise_for_status()

    async def look(self, call_sid: str, since: int = 0) -> dict[str, Any]:
        """The call as it is now, with the events from this one on; `next` is where to go on."""
        answer = await self._http.get(f"/control/calls/{call_sid}", params={"since": since})
        answer.raise_for_status()
        call: dict[str, Any] = answer.json()
        return call

    async def calls_of(self, number: str) -> list[dict[str, Any]]:
        """Every call from or to this number, oldest first, without what happened in it."""
        answer = await self._http.get("/control/calls", params={"number": number})
        answer.raise_for_status()
        calls: list[dict[str, Any]] = answer.json()["calls"]
        return calls

    async def lead(self, call_sid: str, steps: list[dict[str, Any]]) -> None:
        """What the person at its end, who is led, does next."""
        answer = await self._http.post(f"/control/calls/{call_sid}/steps", json={"steps": steps})
        answer.raise_for_status()

    async def hang_up(self, call_sid: str) -> None:
        """The person puts the receiver down."""
        (await self._http.post(f"/control/calls/{call_sid}/hang-up")).raise_for_status()

    async def over(self, call_sid: str) -> dict[str, Any]:
        """The call once it is over, with all that the network saw."""
        path = f"/control/calls/{call_sid}/wait"
        answer = await self._http.get(path, params={"timeout_s": LONGEST_CALL_S}, timeout=LONGEST_CALL_S + 10)
        answer.raise_for_status()
        call: dict[str, Any] = answer.json()
        return call

    async def recording(self, call_sid: str) -> bytes:
        """Stereo WAV: the caller left, what the caller really heard right."""
        answer = await self._http.get(f"/control/calls/{call_sid}/recording.wav")
        answer.raise_for_status()
        return answer.content

    async def people(self, callees: dict[str, Any]) -> None:
        """Who answers which number, and how."""
        (await self._http.post("/control/callees", json=callees)).raise_for_status()

    async def rings(self) -> list[dict[str, Any]]:
        """Every telephone that rang, with the instant."""
        answer = await self._http.get("/control/log")
        answer.raise_for_status()
        rings: list[dict[str, Any]] = answer.json()["rings"]
        return rings

    async def close(self) -> None:
        """Let go of the connection."""
        await self._http.aclose()
