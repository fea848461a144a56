"""How the twilio SDK reaches the network from an event loop: one attempt per request, and every wait ends.

The SDK's own asynchronous client drops its time-out argument, writes query strings (which hold phone numbers)
to the log, and with retries on it repeats POSTs, which would ring a phone twice. This one does none of that and
says how far a failed request came, because that decides whether it may be sent again.
"""

from __future__ import annotations

import base64
import json
import logging
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import aiohttp
import yarl
from twilio.http import AsyncHttpClient
from twilio.http.response import Response

from shared.telephony.carrier import CarrierError, CarrierUnreachable, OutcomeUnknown
from shared.telephony.twilio_errors import carrier_error

log = logging.getLogger(__name__)

CONNECT_S = 3.0
READ_S = 15.0
TOTAL_S = 20.0
"""An answer that trickles in slower than this is no answer."""

_NOT_SENT = (
    aiohttp.ClientConnectorError,  # refused, DNS, TLS, a proxy that cannot be reached
    aiohttp.ClientHttpProxyError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ServerFingerprintMismatch,
)


class TwilioHttp(AsyncHttpClient):  # type: ignore[misc]  # the SDK is untyped
    """The SDK's door to the network. Raises CarrierError alone, already told apart by what it means."""

    def __init__(self, *, connect_s: float = CONNECT_S, read_s: float = READ_S, total_s: float = TOTAL_S) -> None:
        super().__init__(log, True)
        self._timeout = aiohttp.ClientTimeout(
            total=total_s, connect=connect_s, sock_connect=connect_s, sock_read=read_s
        )
        self._session: aiohttp.ClientSession | None = None

    async def request(
        self,
        method: str,
        uri: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """One exchange. The SDK's own timeout argument is not used: time-outs are this client's."""
        if params:
            uri = f"{uri}?{urlencode(params, doseq=True)}"
        body = None if data is None else urlencode(data, doseq=True).encode()
        try:
            async with self._open_session().request(
                method,
                yarl.URL(uri, encoded=True),
                data=body,
                headers={**(headers or {}), **_authorization(auth)},
                allow_redirects=False,
            ) as response:
                status, text = response.status, await response.text()
        except _NOT_SENT as error:
            raise CarrierUnreachable from error
        except (aiohttp.ClientError, TimeoutError, OSError, UnicodeDecodeError) as error:
            raise lost_answer(method) from error
        if not 200 <= status < 300:
            raise carrier_error(method, status, error_code(text))
        return Response(status, text)

    async def close(self) -> None:
        """Let go of connections. Closing twice is fine."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open_session(self) -> aiohttp.ClientSession:
        # The SSL context is made here and not at import, so that SSL_CERT_FILE counts whenever it was set.
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=ssl.create_default_context()),
                timeout=self._timeout,
                trust_env=True,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def _authorization(auth: tuple[str, str] | None) -> dict[str, str]:
    if auth is None:
        return {}
    return {"Authorization": "Basic " + base64.b64encode(":".join(auth).encode()).decode()}


def lost_answer(method: str) -> CarrierError:
    """What it means that a request was sent and no answer came: reading can be repeated, anything else cannot."""
    return CarrierUnreachable() if method.upper() == "GET" else OutcomeUnknown()


def error_code(text: str) -> int | None:
    """Twilio's own error number in the body of an answer, in its old form or as RFC 9457 problem document."""
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    code = document.get("code") if isinstance(document, dict) else None
    return code if isinstance(code, int) and not isinstance(code, bool) else None
