"""Where a request to somebody else's system may go: to public addresses of the hosts that are allowed, nowhere else.

Tools' addresses stand in agents' documents, webhooks' are typed into a form, and names resolve to what their owners
want. So the name is resolved here, every address it has is looked at, and the connection goes to the very address that
was looked at. Redirects are not followed, proxies of the environment are not used.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from ipaddress import ip_address

import httpx2

from shared.outside import Address, is_public

Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]
"""All addresses of a host. Raises OSError."""

for _library in ("httpx2", "httpcore2", "mcp"):
    # They log addresses and what they were sent, which may be what somebody said.
    logging.getLogger(_library).setLevel(logging.CRITICAL)


class Forbidden(Exception):
    """A request that must not be sent; the message says why, in fixed words."""


class TooLarge(Exception):
    """The answer is longer than anything that could be told on the phone."""


async def resolve(host: str, port: int) -> Sequence[Address]:
    """All addresses, by the system's resolver. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(ip_address(str(address[4][0]).partition("%")[0]) for address in found))


class Guard:
    """The rule of one process."""

    def __init__(
        self, hosts: Collection[str] = (), private_hosts: Collection[str] = (), resolve: Resolve = resolve
    ) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)
        """None named: any public host."""
        self._private = frozenset(host.lower() for host in private_hosts)
        """Hosts that may be on this machine or in its network, and may be spoken to without TLS."""
        self._resolve = resolve

    async def addresses(self, url: httpx2.URL) -> Sequence[Address]:
        """Where a request may connect to. Raises Forbidden, and OSError for a name that is nobody's."""
        host = url.host.lower().rstrip(".")
        private = host in self._private
        if url.scheme != "https" and not (private and url.scheme == "http"):
            raise Forbidden("only https may be spoken to it")
        if self._hosts and host not in self._hosts and not private:
            raise Forbidden("its host is not among those that may be reached")
        try:
            found: Sequence[Address] = (ip_address(host.strip("[]")),)
        except ValueError:
            found = await self._resolve(host, url.port or (443 if url.scheme == "https" else 80))
        if not found:
            raise OSError("the name has no address")
        if not private and not all(is_public(address) for address in found):
            raise Forbidden("its host is in a private network")
        return found


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Connects where the guard allows, and reads no more than it must."""

    def __init__(self, guard: Guard, most_bytes: int) -> None:
        self._guard = guard
        self._most_bytes = most_bytes
        self._context = ssl.create_default_context()
        self._by_host: dict[str, httpx2.AsyncHTTPTransport] = {}
        """Apart, because a connection that was checked for one name must not carry requests for another."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send it to an address that was looked at. Raises Forbidden, httpx2.TransportError."""
        url = request.url
        try:
            addresses = await self._guard.addresses(url)
        except OSError:
            raise httpx2.ConnectError("the name could not be resolved", request=request) from None
        # The certificate is checked against the name, whatever the address.
        request.extensions = {**request.extensions, "sni_hostname": url.host}
        request.headers.setdefault("host", url.netloc.decode("ascii"))
        for address in addresses[:-1]:
            try:
                return await self._send(request, url, address)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                continue  # nothing was sent; the next address may be up
        return await self._send(request, url, addresses[-1])

    async def _send(self, request: httpx2.Request, url: httpx2.URL, address: Address) -> httpx2.Response:
        request.url = url.copy_with(host=str(address))
        try:
            response = await self._of(url.host).handle_async_request(request)
        finally:
            request.url = url
        stream = response.stream
        assert isinstance(stream, httpx2.AsyncByteStream)
        return httpx2.Response(
            response.status_code,
            headers=response.headers,
            stream=_Capped(stream, self._most_bytes),
            extensions=response.extensions,
        )

    def _of(self, host: str) -> httpx2.AsyncHTTPTransport:
        if host not in self._by_host:
            self._by_host[host] = httpx2.AsyncHTTPTransport(verify=self._context, trust_env=False)
        return self._by_host[host]

    async def aclose(self) -> None:
        """Let go of the connections."""
        for transport in self._by_host.values():
            await transport.aclose()


class _Capped(httpx2.AsyncByteStream):
    """An answer that may not be longer than this. Counted as it comes over the line, so before it is unpacked."""

    def __init__(self, stream: httpx2.AsyncByteStream, most_bytes: int) -> None:
        self._stream = stream
        self._most_bytes = most_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = 0
        async for piece in self._stream:
            seen += len(piece)
            if seen > self._most_bytes:
                raise TooLarge("the answer is too long")
            yield piece

    async def aclose(self) -> None:
        """Read no more of it."""
        await self._stream.aclose()


def guarded_client(guard: Guard, *, most_bytes: int, timeout_s: float) -> httpx2.AsyncClient:
    """A client for one kind of tool. Answers come as they are: unpacking would let a small one grow without end."""
    return httpx2.AsyncClient(
        transport=GuardedTransport(guard, most_bytes),
        timeout=timeout_s,
        follow_redirects=False,
        trust_env=False,
        headers={"accept-encoding": "identity", "user-agent": "Parley"},
    )
