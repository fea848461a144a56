"""Where tools' requests may go: to public addresses of allowed hosts, to the very address that was looked at."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from ipaddress import ip_address

import httpx2
import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from functions.tools.outside.http_tool import AWAY
from shared.http_guard import Forbidden, Guard, guarded_client
from shared.outside import Address, is_public
from tests.tools.customers_system import (
    CustomersSystem,
    agent_with,
    answer,
    context_of,
    customers_system,
    registry_at,
)

PRIVATE = """0.0.0.0 10.0.0.1 100.64.0.1 127.0.0.1 127.255.0.1 169.254.169.254 172.16.0.1 192.168.1.1 192.0.2.1
198.18.0.1 224.0.0.1 240.0.0.1 255.255.255.255 :: ::1 fe80::1 fc00::1 fd00:ec2::254 ff02::1 ::ffff:10.0.0.1
::ffff:169.254.169.254 64:ff9b::a9fe:a9fe 2002:a00:1:: 2001:0:0:0::1 2001:db8::1""".split()


def resolving(*addresses: str) -> Guard:
    """A guard in a world where every name has these addresses."""

    async def resolve(host: str, port: int) -> Sequence[Address]:
        return [ip_address(address) for address in addresses]

    return Guard(resolve=resolve)


@pytest.mark.parametrize("address", PRIVATE)
async def test_private_addresses_are_refused_as_such_and_behind_a_name(address: str) -> None:
    assert not is_public(ip_address(address))
    literal = f"[{address}]" if ":" in address else address
    with pytest.raises(Forbidden):
        await Guard().addresses(httpx2.URL(f"https://{literal}/"))
    with pytest.raises(Forbidden):
        await resolving(address).addresses(httpx2.URL("https://harmless.example.com/"))
    with pytest.raises(Forbidden):
        await resolving("8.8.8.8", address).addresses(httpx2.URL("https://half-harmless.example.com/"))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
async def test_public_addresses_are_fine(address: str) -> None:
    assert await resolving(address).addresses(httpx2.URL("https://example.com/")) == [ip_address(address)]


@pytest.mark.parametrize(
    "url", ["https://2130706433/", "https://0x7f.1/", "https://127.1/", "https://localhost/", "https://LOCALHOST./"]
)
async def test_other_spellings_of_this_machine_are_refused(url: str) -> None:
    with pytest.raises((Forbidden, OSError)):
        await Guard().addresses(httpx2.URL(url))


async def test_only_allowed_hosts_and_only_over_tls() -> None:
    async def resolve(host: str, port: int) -> Sequence[Address]:
        return [ip_address("8.8.8.8")]

    guard = Guard(hosts=["api.example.com"], private_hosts=["127.0.0.1"], resolve=resolve)
    assert await guard.addresses(httpx2.URL("https://API.example.com/"))
    assert await guard.addresses(httpx2.URL("http://127.0.0.1:8080/"))
    for url in (
        "https://example.com/",
        "https://api.example.com.evil.test/",
        "http://api.example.com/",
        "http://127.0.0.2/",
    ):
        with pytest.raises(Forbidden):
            await guard.addresses(httpx2.URL(url))


@given(st.ip_addresses())
def test_nothing_that_python_calls_private_is_public(address: Address) -> None:
    if is_public(address):
        assert address.is_global
        assert not any((address.is_private, address.is_loopback, address.is_link_local, address.is_multicast))


async def test_a_name_that_changes_its_mind_is_resolved_once_and_connected_to_where_it_was_looked_at() -> None:
    """The second answer of the resolver would be this machine; nobody asks for it."""
    answers = [["203.0.113.200"], ["127.0.0.1"]]
    looked = []

    async def resolve(host: str, port: int) -> Sequence[Address]:
        looked.append(host)
        return [ip_address(address) for address in answers.pop(0)]

    client = guarded_client(Guard(resolve=resolve), most_bytes=1_000, timeout_s=0.3)
    async with customers_system(answer()) as system, client:
        with pytest.raises((httpx2.TransportError, Forbidden)):
            await client.get(f"https://changes.example.com:{system.port}/")
    assert (looked, system.asked) == (["changes.example.com"], [])


async def test_a_redirect_into_the_house_is_not_followed() -> None:
    async with customers_system(answer(200, b"secret")) as inside:
        redirect = answer(307, b"", location=f"http://127.0.0.1:{inside.port}/metadata")
        async with customers_system(redirect) as system, registry_at() as registry:
            described = {"name": "t", "description": "T.", "url": f"http://127.0.0.1:{system.port}/"}
            outcome = await registry.run("t", {}, context_of(agent_with(described)))
    assert outcome.response["message"] == AWAY
    assert inside.asked == []


async def test_a_laptops_own_system_is_refused_unless_it_is_named() -> None:
    async with customers_system(answer()) as system, registry_at(guard=Guard()) as registry:
        described = {"name": "t", "description": "T.", "url": f"http://127.0.0.1:{system.port}/"}
        outcome = await registry.run("t", {}, context_of(agent_with(described)))
    assert outcome.response["message"] == AWAY
    assert system.asked == []


async def test_the_certificate_is_checked_against_the_name_not_the_address() -> None:
    """A pinned address still has to show the name's own certificate."""
    authority = trustme.CA()
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("shop.example.com").configure_cert(served)

    system = CustomersSystem([answer(200, b'{"ok": 1}')])
    async with await asyncio.start_server(system.serve, "127.0.0.1", 0, ssl=served) as server:
        port = server.sockets[0].getsockname()[1]

        async def resolve(host: str, _: int) -> Sequence[Address]:
            return [ip_address("127.0.0.1")]

        guard = Guard(private_hosts=["shop.example.com", "other.example.com"], resolve=resolve)
        async with guarded_client(guard, most_bytes=1_000, timeout_s=2.0) as client:
            transport = client._transport
            authority.configure_trust(transport._context)  # type: ignore[attr-defined]
            assert (await client.get(f"https://shop.example.com:{port}/x")).status_code == 200
            assert system.asked[0].headers["host"] == f"shop.example.com:{port}"
            with pytest.raises(httpx2.ConnectError):
                await client.get(f"https://other.example.com:{port}/x")
