"""The TwiML that Twilio is answered with. Whatever happens to a stream, a verb stands behind it."""

from __future__ import annotations

from twilio.twiml.voice_response import Connect, VoiceResponse

from shared.domain.spoken_lines import line

AFTER = "/voice/after"
STREAM = "/voice/stream"
STREAM_STATUS = "/voice/stream-status"


def after_url(public_base_url: str, stream_no: int) -> str:
    """Where Twilio asks what comes behind this stream of a call."""
    return f"{public_base_url.rstrip('/')}{AFTER}?stream={stream_no}"


def stream(public_base_url: str, token: str, stream_no: int = 1) -> str:
    """Connect the call to our socket; when that is over, ask what comes next."""
    origin = public_base_url.rstrip("/")
    socket = origin.replace("https://", "wss://", 1).replace("http://", "ws://", 1)
    response = VoiceResponse()
    connect = Connect()
    opened = connect.stream(url=f"{socket}{STREAM}", status_callback=f"{origin}{STREAM_STATUS}")
    opened.parameter(name="token", value=token)
    response.append(connect)
    response.redirect(after_url(origin, stream_no), method="POST")
    return str(response)


def hang_up() -> str:
    """The conversation is over."""
    response = VoiceResponse()
    response.hangup()
    return str(response)


def apologise(language: str | None, *, called_back: bool = False) -> str:
    """We could not serve this call: say so in the caller's language, and who calls again, then hang up."""
    return _say_and_hang_up("apology_callback" if called_back else "apology", language)


def transfer(after: str, number: str, caller_id: str | None, whisper: str | None = None) -> str:
    """Ring a person and join the caller to them; what follows is asked at the address after, when that call is over.

    whisper: what they hear first, and say whether they take the call.
    """
    response = VoiceResponse()
    _dial(response, after, number, caller_id, whisper)
    return str(response)


def apologise_and_transfer(after: str, language: str | None, number: str, caller_id: str | None) -> str:
    """We cannot go on with this call: say so in the caller's language, and join them to a person."""
    response = VoiceResponse()
    _say(response, "connecting_you", language)
    _dial(response, after, number, caller_id)
    return str(response)


def _dial(response: VoiceResponse, after: str, number: str, caller_id: str | None, whisper: str | None = None) -> None:
    dial = response.dial(answer_on_bridge=True, timeout=25, caller_id=caller_id or None, action=after, method="POST")
    dial.number(number, **({} if whisper is None else {"url": whisper, "method": "POST"}))


def nobody_free(language: str | None) -> str:
    """Nobody took the transferred call, and the caller is called back."""
    return _say_and_hang_up("nobody_free", language)


def _say_and_hang_up(name: str, language: str | None) -> str:
    response = VoiceResponse()
    _say(response, name, language)
    response.hangup()
    return str(response)


def _say(response: VoiceResponse, name: str, language: str | None) -> None:
    tag, words, voice = line(name, language)
    response.say(words, language=tag, voice=voice)


def reject() -> str:
    """Not a call for us."""
    response = VoiceResponse()
    response.reject()
    return str(response)
