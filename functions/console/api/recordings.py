"""A call's recording: what there is, a link that expires, and the sound behind it."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import BaseModel
from starlette.responses import Response, StreamingResponse

from functions.console.api.calls import everything
from functions.console.listening import BadLink
from functions.console.operation import Answer, Asked, Operation, found
from functions.console.problem import Problem
from functions.console.services import ConsoleServices
from functions.console.sound import ByteRange, NoSuchRange, Sound, asked_range, stored_sound
from shared.domain.call import call_path
from shared.objects.objects import ObjectsError

WAV = "audio/wav"


class RecordingAnswer(Answer):
    """What there is to hear of a call."""

    state: str
    """Of its last stream: recording, complete, failed or off."""
    why: str | None = None
    url: str | None = None
    """Of a WAV, until expires_at; none where nothing is stored."""
    expires_at: str | None = None
    ms: int = 0
    lost_ms: int = 0
    delete_at: str | None = None
    streams: list[dict[str, Any]]


class RecordingsApi:
    """The operations on recordings."""

    def __init__(self, services: ConsoleServices) -> None:
        self._store = services.store
        self._listening = services.listening

    def operations(self) -> list[Operation]:
        """All of them."""
        return [
            Operation(
                "GET",
                "/api/calls/{call_sid}/recording",
                "What there is to hear of a call, and a link to it",
                self.of_call,
                RecordingAnswer,
                problems=(404,),
            ),
            Operation(
                "GET",
                "/api/recordings/{token}",
                "The sound behind such a link, whole or any range of it",
                self.sound,
                WAV,
                also=(206,),
                problems=(404, 416),
            ),
        ]

    async def of_call(self, asked: Asked) -> BaseModel:
        """A new link each time."""
        call_sid = asked["call_sid"]
        await found(self._store.get(call_path(call_sid)), "call")
        streams = await everything(self._store, f"{call_path(call_sid)}/recordings")
        if not streams:
            raise Problem(404, "Nothing is known of a recording of this call")
        last = streams[-1]
        answer = RecordingAnswer(
            state=last["state"],
            why=next((one["why"] for one in reversed(streams) if one["why"]), None),
            lost_ms=sum(one["lost_ms"] for one in streams),
            delete_at=last["delete_at"],
            streams=streams,
        )
        sound = await self._sound_of(streams)
        if sound is None or not sound.ms or self._listening is None:
            return answer
        token, until = self._listening.link(call_sid)
        return answer.model_copy(
            update={"url": f"/api/recordings/{token}", "expires_at": until.isoformat(), "ms": sound.ms}
        )

    async def _sound_of(self, streams: list[Any]) -> Sound | None:
        folders = [str(one["folder"]) for one in streams if one["folder"]]
        if self._listening is None or not folders:
            return None
        try:
            return await asyncio.to_thread(stored_sound, self._listening.objects, folders)
        except ObjectsError:
            raise Problem(503, "The recordings cannot be reached right now", "Try again in a minute.") from None

    async def sound(self, asked: Asked) -> Response:
        """The WAV, or the range of it that was asked for."""
        if self._listening is None:
            raise Problem(404, "There are no recordings here")
        try:
            call_sid = self._listening.call_of(asked["token"])
        except BadLink:
            detail = "Open the call's page again for a new one."
            raise Problem(403, "This link is not valid any more", detail, code="expired") from None
        sound = await self._sound_of(await everything(self._store, f"{call_path(call_sid)}/recordings"))
        if sound is None or not sound.ms:
            raise Problem(404, "There is no such recording any more")
        return _answer(sound, asked.request.headers.get("range"), call_sid)


def _answer(sound: Sound, range_header: str | None, call_sid: str) -> Response:
    headers = {"accept-ranges": "bytes", "content-disposition": f'inline; filename="{call_sid}.wav"'}
    try:
        wanted = asked_range(range_header, sound.total)
    except NoSuchRange:
        problem = Problem(416, "The recording is not that long").response()
        problem.headers["content-range"] = f"bytes */{sound.total}"
        return problem
    if wanted is None:
        # Without a length: what is sent in chunks may be longer than Cloud Run's limit for one answer.
        everything_ = ByteRange(0, sound.total - 1)
        return StreamingResponse(sound.bytes_of(everything_), media_type=WAV, headers=headers)
    headers["content-range"] = f"bytes {wanted.first}-{wanted.last}/{sound.total}"
    headers["content-length"] = str(wanted.size)
    return StreamingResponse(sound.bytes_of(wanted), 206, headers, WAV)
