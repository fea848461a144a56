"""Requests to the customer's own system: what goes over the line, what comes back, and every way in which it fails."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from functions.tools.outside.http_tool import AWAY, NOT_FOUND, REFUSED, UNKNOWN, UNREADABLE, RequestTool, _request
from functions.tools.tool import BadArguments
from shared.domain.agent_tools import HttpTool
from shared.errors import ConfigurationError
from tests.memory_store import MemoryStore
from tests.tools.customers_system import agent_with, answer, context_of, customers_system, registry_at

ORDER = {
    "name": "order_status",
    "description": "Where an order is.",
    "url": "http://127.0.0.1:{port}/orders/{number}?lang={language}",
    "parameters": {
        "type": "object",
        "properties": {"number": {"type": "string", "minLength": 1}, "details": {"type": "boolean"}},
        "required": ["number"],
        "additionalProperties": False,
    },
    "adds": ["language"],
    "headers": {"Authorization": "Bearer secret://tool-shop-key"},
    "answer": {"state": "order.state", "articles": "order.lines[].name"},
}
CANCEL = {
    "name": "cancel_order",
    "description": "Cancels an order.",
    "method": "POST",
    "url": "http://127.0.0.1:{port}/cancellations",
    "parameters": {"type": "object", "properties": {"number": {"type": "string"}}, "required": ["number"]},
    "adds": ["caller"],
}
SHIPPED = json.dumps({"order": {"state": "shipped", "lines": [{"name": "tea"}, {"name": "cups"}]}}).encode()


def at(port: int, described: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The tool, at this port."""
    return {**described, "url": described["url"].replace("{port}", str(port)), **changes}


async def test_an_order_is_looked_up_with_the_callers_words_in_the_path_and_a_secret_in_the_header() -> None:
    async with customers_system(answer(200, SHIPPED)) as system, registry_at() as registry:
        agent = agent_with(at(system.port, ORDER))
        context = context_of(agent)
        outcome = await registry.run("order_status", {"number": "A 1/2", "details": True}, context)
    assert (outcome.status, outcome.response["state"], outcome.response["articles"]) == (
        "ok",
        "shipped",
        ["tea", "cups"],
    )
    (asked,) = system.asked
    assert (asked.method, asked.target) == ("GET", "/orders/A%201%2F2?lang=en&details=true")
    assert asked.headers["authorization"] == "Bearer value of tool-shop-key"
    assert asked.headers["idempotency-key"] == context.idempotency_key
    assert asked.headers["host"] == f"127.0.0.1:{system.port}"


async def test_an_order_is_cancelled_by_a_json_body_that_the_model_cannot_forge() -> None:
    async with customers_system(answer(204, b"")) as system, registry_at() as registry:
        outcome = await registry.run("cancel_order", {"number": "7"}, context_of(agent_with(at(system.port, CANCEL))))
    assert outcome.response == {"status": "ok", "message": "It worked. Tell the caller what matters to them."}
    (asked,) = system.asked
    assert (asked.method, json.loads(asked.body)) == ("POST", {"number": "7", "caller": "+919800000001"})


async def test_the_same_call_of_the_model_is_one_request_even_in_another_process() -> None:
    store = MemoryStore()
    async with customers_system(answer(200, b'{"a": 1}')) as system:
        agent = agent_with(at(system.port, CANCEL))
        outcomes = []
        for _ in range(2):
            async with registry_at() as registry:
                outcomes.append(await registry.run("cancel_order", {"number": "7"}, context_of(agent, store=store)))
    assert len(system.asked) == 1
    assert outcomes[0].response == outcomes[1].response
    assert (outcomes[0].repeated, outcomes[1].repeated) == (False, True)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, "number is missing"),
        ({"number": ""}, "number: does not fit minLength 1"),
        ({"number": "7", "colour": "red"}, "an argument that the tool does not have"),
        ({"number": 7}, "number: must be string"),
        ({"number": ".."}, "must not be empty"),
    ],
)
async def test_wrong_arguments_never_leave_the_house(arguments: dict[str, Any], told: str) -> None:
    async with customers_system(answer()) as system, registry_at() as registry:
        outcome = await registry.run("order_status", arguments, context_of(agent_with(at(system.port, ORDER))))
    assert outcome.status == "error"
    assert told in outcome.response["message"]
    assert system.asked == []


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (answer(404), NOT_FOUND),
        (answer(409), "It is under way already."),
        (answer(422), REFUSED),
        (answer(401), REFUSED),
        (answer(500), AWAY),
        (answer(302, b"", location="https://elsewhere.example.com/"), AWAY),
        (answer(200, b"<html>"), UNREADABLE),
        (answer(200, b"[" * 100_000), UNREADABLE),
        (answer(200, b'"' + b"x" * 300_000 + b'"'), UNREADABLE),
        (b"nonsense\r\n\r\n", AWAY),
        (b"hang up", AWAY),
        (b"never", AWAY),
    ],
    ids=lambda value: value[:24].decode("latin-1") if isinstance(value, bytes) else "",
)
async def test_whatever_the_system_answers_the_model_hears_what_to_do(said: bytes, told: str) -> None:
    async with customers_system(said) as system, registry_at() as registry:
        patience_s = 0.4 if said == b"never" else 8
        described = at(system.port, ORDER, timeout_s=patience_s, errors={409: "It is under way already."})
        outcome = await registry.run("order_status", {"number": "7"}, context_of(agent_with(described)))
    assert (outcome.status, outcome.response["message"]) == ("error", told)


async def test_nobody_there_at_all() -> None:
    async with registry_at() as registry:
        outcome = await registry.run("cancel_order", {"number": "7"}, context_of(agent_with(at(1, CANCEL))))
    assert outcome.response["message"] == AWAY


@pytest.mark.parametrize("trouble", [b"hang up", answer(503), answer(429, b"", retry_after="0")])
async def test_a_question_is_asked_again_and_an_order_is_not(trouble: bytes) -> None:
    async with customers_system(trouble, answer(200, SHIPPED)) as system, registry_at() as registry:
        agent = agent_with(at(system.port, ORDER), at(system.port, CANCEL))
        asked = await registry.run("order_status", {"number": "7"}, context_of(agent))
        assert (asked.status, len(system.asked)) == ("ok", 2)
        system.answers = [trouble]
        ordered = await registry.run("cancel_order", {"number": "7"}, context_of(agent, "t2"))
    assert (ordered.status, len(system.asked)) == ("error", 3)
    assert system.asked[0].headers["idempotency-key"] == system.asked[1].headers["idempotency-key"]


@pytest.mark.parametrize("trouble", [b"hang up", b"never"])
async def test_an_order_whose_end_is_not_known_is_not_called_failed(trouble: bytes) -> None:
    async with customers_system(trouble) as system, registry_at() as registry:
        agent = agent_with(at(system.port, CANCEL, timeout_s=0.4 if trouble == b"never" else 8))
        outcome = await registry.run("cancel_order", {"number": "7"}, context_of(agent))
    assert outcome.response["message"] == UNKNOWN


async def test_a_long_answer_is_shortened_before_the_model_gets_it() -> None:
    long = answer(200, json.dumps({"a": "x" * 20_000}).encode())
    async with customers_system(long) as system, registry_at() as registry:
        agent = agent_with(at(system.port, ORDER, answer={}))
        outcome = await registry.run("order_status", {"number": "7"}, context_of(agent))
    assert outcome.response["shortened"]
    assert len(json.dumps(outcome.response)) < 1_000


async def test_a_secret_that_cannot_be_read_sends_nothing() -> None:
    def unreadable(named: Any) -> Any:
        raise ConfigurationError("no such secret")

    async with customers_system(answer()) as system, registry_at(read=unreadable) as registry:
        outcome = await registry.run("order_status", {"number": "7"}, context_of(agent_with(at(system.port, ORDER))))
    assert (outcome.response["message"], system.asked) == (AWAY, [])


async def test_a_tool_that_wants_a_verified_caller_gets_one() -> None:
    async with customers_system(answer(200, SHIPPED)) as system, registry_at() as registry:
        agent = agent_with(at(system.port, ORDER), tool_needs={"order_status": ["verified_caller"]})
        refused = await registry.run("order_status", {"number": "7"}, context_of(agent))
        assert (refused.status, system.asked) == ("refused", [])
        assert "verified" in refused.response["message"]
        known = context_of(agent, "t2", facts=frozenset({"verified_caller"}))
        assert (await registry.run("order_status", {"number": "7"}, known)).status == "ok"


async def test_an_answer_that_no_document_could_hold_is_kept_all_the_same() -> None:
    store = MemoryStore()
    rows = answer(200, b'{"rows": [[1, 2], [3, [4]]], "big": 123456789012345678901234567890}')
    async with customers_system(rows) as system, registry_at() as registry:
        agent = agent_with(at(system.port, CANCEL))
        first = await registry.run("cancel_order", {"number": "7"}, context_of(agent, store=store))
        again = await registry.run("cancel_order", {"number": "7"}, context_of(agent, store=store))
    assert (first.status, again.status, again.repeated) == ("ok", "ok", True)
    assert again.response["answer"]["rows"] == ["[1, 2]", "[3, [4]]"]


async def test_two_at_the_same_time_are_one_request() -> None:
    store = MemoryStore()
    async with customers_system(answer(200, b"{}")) as system, registry_at() as registry:
        agent = agent_with(at(system.port, CANCEL))
        runs = [registry.run("cancel_order", {"number": "7"}, context_of(agent, store=store)) for _ in range(3)]
        outcomes = await asyncio.gather(*runs)
    assert len(system.asked) == 1
    assert [one.status for one in outcomes] == ["ok"] * 3


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"url": "ftp://example.com/x"}, "must be an https address"),
        ({"url": "https://{number}.example.com/"}, "the host must stand there"),
        ({"url": "https://me:pass@example.com/"}, "user name"),
        ({"url": "https://example.com/{nothing}"}, "no argument of the tool"),
        ({"url": "https://example.com/{details}"}, "must be required"),
        ({"url": "https://example.com:99999/"}, "port"),
        ({"url": "https://example.com/#x"}, "never sent"),
        ({"headers": {"Host": "x"}}, "set by Parley"),
        ({"headers": {"X": "a\r\nb"}}, "one line"),
        ({"headers": {"X": "secret://twilio-auth-token"}}, "does not name a secret"),
        ({"headers": {"X": "secret://tool-key/1/2"}}, "does not name a secret"),
        ({"headers": {"bad name": "x"}}, "headers"),
        ({"answer": {"status": "a"}}, "another name"),
        ({"answer": {"a": "[["}}, "not JMESPath"),
        ({"method": "TRACE"}, "method"),
        ({"timeout_s": 60}, "timeout_s"),
        ({"name": "two words"}, "name"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_description_that_cannot_work_is_refused_with_the_reason(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        HttpTool.model_validate({**at(443, ORDER), **changes})


def test_a_tool_may_be_described_as_openais_clients_do() -> None:
    function = {"name": "f", "description": "Does f.", "parameters": {"type": "object"}, "strict": True}
    wrapped = {"type": "function", "function": function, "url": "https://example.com/f"}
    flat = {"type": "function", **function, "url": "https://example.com/f"}
    assert HttpTool.model_validate(wrapped) == HttpTool.model_validate(flat)


@given(st.text(max_size=30))
@example("../../admin")
@example("a?b=c#d")
@example("a/../b")
@example("%2e%2e")
@example("\ud800")
@example("a\r\nHost: evil")
def test_no_argument_leads_to_another_path_or_host(number: str) -> None:
    """Whatever the model says, the request goes to the one path step that the document left open, or nowhere."""
    described = HttpTool.model_validate(at(443, ORDER, url="https://shop.example.com/orders/{number}/state"))
    tool = RequestTool(described, door=None)  # type: ignore[arg-type]
    try:
        tool.begin({"number": number})
        request = _request(httpx2.AsyncClient(), described, {"number": number}, {})
    except (BadArguments, UnicodeEncodeError):
        return
    assert request.url.host == "shop.example.com"
    path = request.url.raw_path.decode("ascii").partition("?")[0]
    assert path.startswith("/orders/")
    assert path.endswith("/state")
    assert path.count("/") == 3
    assert path.split("/")[2] not in {"", ".", ".."}
