"""What whoever runs the network can ask of it over HTTP: dial, look, misbehave, move time on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.telephone_network.calls.call import Call
from local.telephone_network.faults import Fault
from local.telephone_network.network import TelephoneNetwork
from local.telephone_network.network_time import SteppedTime
from local.telephone_network.people.clips import ClipShelf, NoSuchClip

LONGEST_WAIT_S = 600.0

Verb = Callable[[Request], Awaitable[Response]]


class ControlApi:
    """JSON over loopback HTTP; no identity, so the network binds to loopback alone."""

    def __init__(self, network: TelephoneNetwork) -> None:
        self._network = network
        self._exchange = network.exchange

    def routes(self) -> list[Route]:
        """Every route below /control."""
        return [
            _route("/control", "GET", self._state),
            _route("/control/dial", "POST", self._dial),
            _route("/control/calls", "GET", self._calls),
            _route("/control/calls/{sid}", "GET", self._call),
            _route("/control/calls/{sid}/wait", "GET", self._wait),
            _route("/control/calls/{sid}/recording.wav", "GET", self._recording),
            _route("/control/calls/{sid}/hang-up", "POST", self._hang_up),
            _route("/control/calls/{sid}/steps", "POST", self._steps),
            _route("/control/log", "GET", self._log),
            _route("/control/faults", "GET", self._list_faults),
            _route("/control/faults", "POST", self._add_faults),
            _route("/control/faults", "DELETE", self._clear_faults),
            _route("/control/callees", "POST", self._add_callees),
            _route("/control/callees", "DELETE", self._clear_callees),
            _route("/control/clips", "POST", self._take_clips),
            _route("/control/numbers", "POST", self._own),
            _route("/control/time", "GET", self._time),
            _route("/control/time", "POST", self._advance),
        ]

    async def _state(self, request: Request) -> Response:
        exchange = self._exchange
        return JSONResponse(
            {
                "account_sid": exchange.account.sid,
                "numbers": list(exchange.account.numbers),
                "calls": len(exchange.calls),
                "live": len(exchange.live),
                "breakdowns": [repr(error) for error in exchange.breakdowns],
            }
        )

    async def _dial(self, request: Request) -> Response:
        wish = await _json(request)
        if "clips_dir" in wish:
            self._exchange.clips = ClipShelf.folder(Path(wish.pop("clips_dir")))
        from_, to = str(wish.pop("from", "+15005550001")), str(wish.pop("to"))
        script = wish.pop("script", None) or wish
        call = self._network.dial(from_, to, script)
        return JSONResponse({"call_sid": call.sid}, 201)

    async def _calls(self, request: Request) -> Response:
        number = request.query_params.get("number")
        calls = [call for call in self._exchange.calls.values() if number is None or number in {call.to, call.from_}]
        return JSONResponse({"calls": [_summary(call) for call in calls]})

    async def _call(self, request: Request) -> Response:
        call = self._find(request)
        since = int(request.query_params.get("since", 0))
        events = call.journal.events[since:]
        return JSONResponse(_summary(call) | {"streams": call.streams, "events": events, "next": since + len(events)})

    async def _wait(self, request: Request) -> Response:
        call = self._find(request)
        try:
            async with asyncio.timeout(min(float(request.query_params.get("timeout_s", 60)), LONGEST_WAIT_S)):
                await call.over.wait()
        except TimeoutError:
            return JSONResponse(_summary(call), 202)
        return await self._call(request)

    async def _recording(self, request: Request) -> Response:
        wav = self._exchange.recorded.get(self._find(request).sid)
        return Response(status_code=404) if wav is None else Response(wav, media_type="audio/wav")

    async def _hang_up(self, request: Request) -> Response:
        call = self._find(request)
        call.hang_up("person")
        return JSONResponse(_summary(call))

    async def _steps(self, request: Request) -> Response:
        """What somebody who is led does next."""
        self._network.lead(self._find(request), await _json(request))
        return JSONResponse({}, 202)

    async def _log(self, request: Request) -> Response:
        exchange = self._exchange
        return JSONResponse({"requests": exchange.requests, "rings": exchange.rings})

    async def _list_faults(self, request: Request) -> Response:
        return JSONResponse({"faults": self._exchange.faults.active()})

    async def _add_faults(self, request: Request) -> Response:
        wish = await _json(request)
        for fault in [Fault.model_validate(fault) for fault in wish.get("faults", [wish])]:
            self._exchange.faults.add(fault)
        return await self._list_faults(request)

    async def _clear_faults(self, request: Request) -> Response:
        self._network.behave()
        return await self._list_faults(request)

    async def _add_callees(self, request: Request) -> Response:
        callees = await _json(request)
        self._network.answer_as(callees)
        return JSONResponse({"callees": len(callees)})

    async def _clear_callees(self, request: Request) -> Response:
        self._exchange.callees.clear()
        return JSONResponse({})

    async def _take_clips(self, request: Request) -> Response:
        self._exchange.clips = ClipShelf.folder(Path((await _json(request))["folder"]))
        return JSONResponse({})

    async def _own(self, request: Request) -> Response:
        wish = await _json(request)
        known = {"voice_url", "voice_method", "voice_fallback_url", "status_callback", "status_callback_method"}
        changes = {name: value for name, value in wish.items() if name in known}
        number = self._network.own(str(wish["number"]), **changes)
        return JSONResponse({"sid": number.sid})

    async def _time(self, request: Request) -> Response:
        return JSONResponse({"now": self._exchange.time.now().isoformat()})

    async def _advance(self, request: Request) -> Response:
        time = self._exchange.time
        if not isinstance(time, SteppedTime):
            raise ValueError("time runs by itself here; start the network with --stepped")
        await time.advance(float((await _json(request))["advance_s"]))
        return await self._time(request)

    def _find(self, request: Request) -> Call:
        return self._network.call(request.path_params["sid"])


def _route(path: str, method: str, verb: Verb) -> Route:
    async def endpoint(request: Request) -> Response:
        try:
            return await verb(request)
        except KeyError as error:
            return JSONResponse({"error": f"unknown or missing: {error.args[0]}"}, 404)
        except (NoSuchClip, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)

    return Route(path, endpoint, methods=[method])


async def _json(request: Request) -> dict[str, Any]:
    document = await request.json()
    if not isinstance(document, dict):
        raise ValueError("a JSON object is wanted")
    return document


def _summary(call: Call) -> dict[str, Any]:
    return {
        "call_sid": call.sid,
        "direction": call.direction.value,
        "from": call.from_,
        "to": call.to,
        "status": call.status.value,
        "answered_by": call.answered_by,
        "duration_s": call.duration_s,
        "hung_up_by": call.hung_up_by,
        "parent_call_sid": call.parent_sid,
        "person": call.person,
    }
