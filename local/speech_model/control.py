"""The side door for tests and demos: faults in, and what every session received out. JSON over HTTP, loopback only.

GET    /control/sessions                    every session, oldest first
GET    /control/sessions/{number}           one
GET    /control/sessions/{number}/audio.wav what it received, 16 kHz
POST   /control/sessions/{number}/faults    a fault, or a list of them, for this session; without `at`: at once
GET    /control/faults                      those that have not happened yet
POST   /control/faults                      a fault, or a list of them
DELETE /control/faults
"""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from local.speech_model.connection import Connection
from local.speech_model.faults import INCIDENTS, Fault, FaultBook, Moment

PREFIX = "/control"


class Control:
    """The side door of one server. connections: by the number of the session."""

    def __init__(self, connections: dict[int, Connection], faults: FaultBook) -> None:
        self._connections = connections
        self._faults = faults

    def routes(self) -> list[web.RouteDef]:
        """Where it answers."""
        session = f"{PREFIX}/sessions/{{number:\\d+}}"
        return [
            web.get(f"{PREFIX}/sessions", self._sessions),
            web.get(session, self._session),
            web.get(f"{session}/audio.wav", self._audio),
            web.post(f"{session}/faults", self._strike),
            web.get(f"{PREFIX}/faults", self._waiting),
            web.post(f"{PREFIX}/faults", self._add),
            web.delete(f"{PREFIX}/faults", self._clear),
        ]

    async def _sessions(self, _: web.Request) -> web.Response:
        return _json([connection.record.as_json() for connection in self._connections.values()])

    async def _session(self, request: web.Request) -> web.Response:
        return _json(self._connection(request).record.as_json())

    async def _audio(self, request: web.Request) -> web.Response:
        return web.Response(body=self._connection(request).record.wav(), content_type="audio/wav")

    async def _waiting(self, _: web.Request) -> web.Response:
        return _json([fault.model_dump(mode="json", exclude_defaults=True) for fault in self._faults.waiting()])

    async def _add(self, request: web.Request) -> web.Response:
        await self._plan(request, {})
        return await self._waiting(request)

    async def _clear(self, _: web.Request) -> web.Response:
        self._faults.clear()
        return web.Response(status=204)

    async def _strike(self, request: web.Request) -> web.Response:
        connection = self._connection(request)
        await self._plan(request, {"session": connection.record.number})
        if connection.session is not None:
            connection.session.strike()
        return _json(connection.record.as_json())

    async def _plan(self, request: web.Request, always: dict[str, Any]) -> None:
        try:
            body = await request.json()
            faults = [
                Fault.model_validate({**wanted, **always}) for wanted in (body if isinstance(body, list) else [body])
            ]
            if always:
                faults = [_at_once(fault) for fault in faults]
            self._faults.add(*faults)
        except (json.JSONDecodeError, TypeError):
            raise web.HTTPBadRequest(text="a fault, or a list of faults, as JSON") from None
        except ValidationError as error:
            mistakes = (f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}" for wrong in error.errors())
            raise web.HTTPBadRequest(text="; ".join(mistakes)) from None
        except ValueError as error:
            raise web.HTTPBadRequest(text=str(error)) from None

    def _connection(self, request: web.Request) -> Connection:
        connection = self._connections.get(int(request.match_info["number"]))
        if connection is None:
            raise web.HTTPNotFound(text="no such session")
        return connection


def _at_once(fault: Fault) -> Fault:
    """For an open session an incident means now, unless it says when."""
    return fault.model_copy(update={"at": Moment.NOW}) if fault.at is None and fault.kind in INCIDENTS else fault


def _json(value: Any) -> web.Response:
    return web.json_response(value)
