"""Why a session could not be opened, or ended: from close codes, HTTP statuses and the service's words to our errors.

The codes are used loosely by the service; what each was seen for stands beside it. Our messages are fixed phrases:
the service's words, which may quote what was said, travel in .detail and are not for logs.
"""

from __future__ import annotations

import re
from typing import Final

from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from functions.voice.speech.model import SessionEnded, SpeechError, SpeechRefused, SpeechUnavailable

LOST: Final = 1006
"""No close frame: the connection broke."""

_QUOTA: Final = re.compile(
    r"quota|resource[_ ](has been )?exhausted|billing|spend(ing)? (cap|limit)|rate.?limit|too many requests", re.I
)
_FREE_TIER: Final = re.compile(r"free.?tier", re.I)
_ABORTED: Final = re.compile(r"aborted|cancell?ed|deadline", re.I)
_GONE: Final = re.compile(
    r"not found|not supported for|permission|api.?key|invalid|unauthor|not allowed|location", re.I
)
_CONTEXT: Final = re.compile(r"context|token (count|limit)", re.I)

USED_UP: Final = "the speech model's quota is used up"
FREE_TIER_USED_UP: Final = "the speech model's free tier is used up; a paid plan lifts its limits"

_FINAL_CODES: Final = frozenset(
    {
        1003,  # a kind of frame it does not take
        1007,  # configuration or message refused, bad key, place not served, context used up
        1009,  # message too big
        1010,  # an extension is wanted
    }
)
_RETRY_STATUSES: Final = frozenset({408, 425})


def _quota(words: str) -> str:
    """Which limit it is: the account's own, or the one of an account that does not pay."""
    return FREE_TIER_USED_UP if _FREE_TIER.search(words) else USED_UP


def refused_status(status: int, body: str = "") -> SpeechError:
    """The HTTP answer that came instead of a WebSocket."""
    if status == 429 or _QUOTA.search(body):
        return SpeechRefused(_quota(body), code=status, quota=True, detail=body)
    if 400 <= status < 500 and status not in _RETRY_STATUSES:
        return SpeechRefused("the speech model refused the connection", code=status, detail=body)
    return SpeechUnavailable("the speech model's front door failed", code=status, detail=body)


def closed_while_opening(code: int, reason: str) -> SpeechError:
    """The socket was closed before the setup was complete."""
    if _QUOTA.search(reason):
        return SpeechRefused(_quota(reason), code=code, quota=True, detail=reason)
    if code in _FINAL_CODES or (code == 1008 and not _ABORTED.search(reason)):
        return SpeechRefused("the speech model refused the setup", code=code, detail=reason)
    return SpeechUnavailable("the speech model closed while it was set up", code=code, detail=reason)


def ended(code: int, reason: str, *, by_us: bool = False) -> SessionEnded:
    """An open session was closed."""
    if by_us:
        return SessionEnded("the session was closed here", code=code, detail=reason)
    if _QUOTA.search(reason):
        return SessionEnded(_quota(reason), code=code, quota=True, detail=reason)
    if code in _FINAL_CODES:
        # A session that is resumed after its context ran out runs out again at once.
        phrase = "its context is used up" if _CONTEXT.search(reason) else "the speech model refused a message"
        return SessionEnded(phrase, code=code, detail=reason)
    if code == 1008 and _GONE.search(reason) and not _ABORTED.search(reason):
        return SessionEnded("the model or the session does not exist", code=code, detail=reason)
    # 1000, 1001, 1006, 1011, and 1008 for aborted operations, and around tool calls: all seen to be taken up again.
    return SessionEnded("the session broke off", code=code, detail=reason, resumable=True)


def close_of(error: ConnectionClosed) -> tuple[int, str]:
    """Code and reason as the service gave them."""
    return (error.rcvd.code, error.rcvd.reason) if error.rcvd is not None else (LOST, "")


def opening_failure(error: Exception) -> SpeechError:
    """Any exception that opening a session can end in."""
    from google.auth.exceptions import GoogleAuthError
    from google.genai.errors import APIError

    match error:
        case SpeechError():
            return error
        case InvalidStatus():
            body = error.response.body or b""
            return refused_status(error.response.status_code, body[:2000].decode("utf-8", "replace"))
        case ConnectionClosed():
            return closed_while_opening(*close_of(error))
        case APIError():
            return closed_while_opening(error.code or LOST, str(error.details))
        case GoogleAuthError(retryable=False):
            return SpeechRefused("there are no credentials for the speech model", detail=str(error))
        case GoogleAuthError() | WebSocketException():
            return SpeechUnavailable(detail=str(error))
        case TimeoutError():
            return SpeechUnavailable("the speech model did not answer in time")
        case OSError():
            return SpeechUnavailable("the speech model could not be connected to", detail=str(error))
        case ValueError() | TypeError():
            return SpeechRefused("the setup cannot be put into the speech model's words", detail=str(error))
        case _:
            return SpeechUnavailable("the speech model's library failed", detail=repr(error))
