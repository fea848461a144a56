"""Opening a media stream's WebSocket as Twilio does."""

from __future__ import annotations

import ssl
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidURI

OPEN_S = 5.0
CLOSE_S = 1.0


class StreamFailed(Exception):
    """The stream could not be opened, or broke; code is Twilio's number for it."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


async def open_socket(url: str, signature: str, host: dict[str, str], public_url: str) -> ClientConnection:
    """Connect as Twilio does. Raises StreamFailed."""
    target, public = urlsplit(url), urlsplit(public_url)
    # Connecting to one address while naming another in the request: the URI stays public, the TCP target does not.
    uri = url if not host else public._replace(scheme=target.scheme).geturl()
    elsewhere: dict[str, Any] = {} if not host else {"host": target.hostname, "port": target.port}
    if target.scheme == "wss":
        elsewhere["ssl"] = ssl.create_default_context()
    try:
        return await connect(
            uri,
            additional_headers={"x-twilio-signature": signature},
            user_agent_header="Twilio.TmeWs/1.0",
            compression=None,
            open_timeout=OPEN_S,
            close_timeout=CLOSE_S,
            ping_interval=None,
            max_size=None,
            proxy=None,
            **elsewhere,
        )
    except InvalidHandshake as error:
        raise StreamFailed(31920, "the server did not accept the WebSocket") from error
    except ConnectionRefusedError as error:
        raise StreamFailed(31902, "connection refused") from error
    except TimeoutError as error:
        raise StreamFailed(31901, "connection timed out") from error
    except ssl.SSLError as error:
        raise StreamFailed(31910, "TLS failed") from error
    except (OSError, InvalidURI, ValueError) as error:
        raise StreamFailed(31902, "no connection") from error
