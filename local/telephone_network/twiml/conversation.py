"""An answered call following its TwiML, verb by verb."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urljoin, urlsplit

from local.telephone_network.calls.call import Instructions
from local.telephone_network.calls.leg import Leg
from local.telephone_network.sound import tones
from local.telephone_network.sound.files import BadSound, wav_to_mulaw
from local.telephone_network.twiml import verbs
from local.telephone_network.twiml.connecting import connect
from local.telephone_network.twiml.dialing import dial
from local.telephone_network.twiml.gathering import gather
from local.telephone_network.twiml.reader import BadTwiml, Document, parse
from local.telephone_network.webhooks.fields import voice_fields
from local.telephone_network.webhooks.webhooks import Reply, WebhookFailed

APPLICATION_ERROR = "We are sorry, an application error has occurred. Goodbye."
_XML_TYPES = frozenset({"text/xml", "application/xml", "text/html", ""})


@dataclass(frozen=True, slots=True)
class GoTo:
    """Go on with the TwiML of another URL."""

    url: str
    method: str = "POST"
    event: str = "voice"
    fields: Mapping[str, str] = field(default_factory=dict)


class Finish(StrEnum):
    """How following TwiML came to its end."""

    RAN_OUT = "ran out"
    HUNG_UP = "hung up"
    REJECTED = "rejected"
    REJECTED_BUSY = "rejected as busy"


class Ended(Exception):
    """The TwiML has ended the call."""

    def __init__(self, finish: Finish) -> None:
        super().__init__(finish)
        self.finish = finish


class Conversation:
    """Fetches instructions and follows them until they run out."""

    def __init__(self, leg: Leg) -> None:
        self._leg = leg
        self._call = leg.call
        self._exchange = leg.exchange
        self._base_url = ""
        self._redirected: Instructions | None = None
        self._following: asyncio.Task[None] | None = None

    def redirect(self, instructions: Instructions) -> None:
        """Drop what is being done and follow these instructions instead."""
        self._redirected = instructions
        if self._following is not None:
            self._following.cancel()

    async def run(self, instructions: Instructions, event: str = "voice", **fields: str) -> Finish:
        """Follow them to their end, or until the call is told to follow others, then those."""
        while True:
            self._following = asyncio.create_task(self._follow(instructions, event, fields))
            try:
                await asyncio.wait([self._following])
            finally:
                await self._stop(self._following)
            redirected = self._take_redirection()
            if redirected is not None:
                instructions, event, fields = redirected, "voice", {}
                continue
            error = self._following.exception()
            if isinstance(error, Ended):
                return error.finish
            if error is not None:
                raise error
            return Finish.RAN_OUT

    def _take_redirection(self) -> Instructions | None:
        redirected, self._redirected = self._redirected, None
        if redirected is not None:
            self._call.journal.note("redirected")
        return redirected

    async def _stop(self, following: asyncio.Task[None]) -> None:
        # What is being done may have something to say before it ends: a stream says `stop`.
        following.cancel()
        await asyncio.wait([following])
        if not following.cancelled():
            following.exception()

    async def _follow(self, instructions: Instructions, event: str, fields: Mapping[str, str]) -> None:
        if instructions.twiml is not None:
            document = self._read(instructions.twiml.encode())
        else:
            document = await self._fetch(GoTo(instructions.url, instructions.method, event, fields), instructions)
        while (goto := await self._perform(document)) is not None:
            document = await self._fetch(goto, instructions)

    async def _fetch(self, goto: GoTo, instructions: Instructions) -> Document:
        url = urljoin(self._base_url, goto.url) if self._base_url else goto.url
        try:
            return await self._request(url, goto.method, goto.event, goto.fields)
        except (WebhookFailed, BadTwiml) as error:
            self._call.journal.note("error", code=error.code, reason=error.reason, url=url)
            if instructions.fallback_url is not None and url != instructions.fallback_url:
                why = {"ErrorCode": str(error.code), "ErrorUrl": url}
                try:
                    return await self._request(instructions.fallback_url, "POST", "fallback", why)
                except (WebhookFailed, BadTwiml) as worse:
                    self._call.journal.note("error", code=worse.code, reason=worse.reason)
        self._call.journal.note("application error")
        return Document((verbs.Say(APPLICATION_ERROR), verbs.Hangup()))

    async def _request(self, url: str, method: str, event: str, extra: Mapping[str, str]) -> Document:
        if not urlsplit(url).scheme.startswith("http"):
            raise WebhookFailed(11100, "not a URL")
        fields = voice_fields(self._call, self._exchange.account.sid, **extra)
        reply = await self._exchange.webhooks.ask(self._call, event, url, method, fields)
        self._base_url = url
        return self._read_reply(reply)

    def _read_reply(self, reply: Reply) -> Document:
        content_type = reply.content_type.partition(";")[0].strip().lower()
        if content_type == "text/plain":
            return Document((verbs.Say(reply.body.decode(errors="replace")),))
        if content_type not in _XML_TYPES:
            raise BadTwiml(12300, "the content type is not one of TwiML")
        return self._read(reply.body)

    def _read(self, twiml: bytes) -> Document:
        document = parse(twiml)
        for warning in document.warnings:
            self._call.journal.note("warning", code=12200, reason=warning)
        self._call.journal.note("twiml", verbs=[type(verb).__name__ for verb in document.verbs])
        return document

    async def _perform(self, document: Document) -> GoTo | None:
        for verb in document.verbs:
            if not self._leg.is_answered:
                if isinstance(verb, verbs.Reject):
                    raise Ended(Finish.REJECTED_BUSY if verb.reason == "busy" else Finish.REJECTED)
                self._leg.answer()
            goto = await self._do(verb)
            if goto is not None:
                return goto
        if not self._leg.is_answered:
            self._leg.answer()
        return None

    async def _do(self, verb: verbs.Verb) -> GoTo | None:
        match verb:
            case verbs.Say(text=text):
                await self._leg.speak(text)
            case verbs.Play(digits=str(digits)):
                self._call.journal.note("play digits", digits=digits)
                await self._leg.play(tones.keys(digits))
            case verbs.Play(url=url):
                await self._leg.play(await self._download(url))
            case verbs.Pause(length_s=seconds):
                await self._leg.wait(seconds)
            case verbs.Gather():
                return await self._gather(verb)
            case verbs.Connect():
                return await self._connect(verb)
            case verbs.Dial():
                return await self._dial(verb)
            case verbs.Redirect(url=url, method=method):
                return GoTo(url, method)
            case verbs.Hangup():
                raise Ended(Finish.HUNG_UP)
            case verbs.Reject():
                self._call.journal.note("warning", code=13520, reason="<Reject> after the answer does nothing")
        return None

    async def _gather(self, verb: verbs.Gather) -> GoTo | None:
        digits = await gather(self._leg, verb, self._download)
        if digits or verb.action_on_empty:
            return GoTo(verb.action or self._base_url, verb.method, "action", {"Digits": digits, "msg": "Gather End"})
        return None

    async def _connect(self, verb: verbs.Connect) -> GoTo | None:
        await connect(self._leg, verb.stream, self._base_url)
        return None if verb.action is None else GoTo(verb.action, verb.method, "action")

    async def _dial(self, verb: verbs.Dial) -> GoTo | None:
        outcome = await dial(self._leg, verb, self._base_url, Conversation)
        self._call.journal.note("dialled", status=outcome.status.value, bridged=outcome.bridged)
        return None if verb.action is None else GoTo(verb.action, verb.method, "action", outcome.fields)

    async def _download(self, url: str) -> bytes:
        """A file to be played: WAV, or mu-law served as audio/basic."""
        try:
            absolute = urljoin(self._base_url, url)
            reply = await self._exchange.webhooks.ask(self._call, "play", absolute, "GET", {})
            return reply.body if reply.content_type.startswith("audio/basic") else wav_to_mulaw(reply.body)
        except (WebhookFailed, BadSound) as error:
            self._call.journal.note("warning", code=12400, reason=str(error))
            return b""
