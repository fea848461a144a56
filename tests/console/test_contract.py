"""The OpenAPI document is valid and says what is served; the door lets in what it should."""

from __future__ import annotations

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.routing import Route

from tests.console.conftest import Console
from tests.memory_store import MemoryStore

PROMISED = """
POST /api/lists
GET /api/lists/{list_id}
PUT /api/lists/{list_id}/mapping
GET /api/lists/{list_id}/rows
GET /api/lists/{list_id}/rejected.csv
POST /api/campaigns
GET /api/campaigns
GET /api/campaigns/{campaign_id}
GET /api/campaigns/{campaign_id}/preflight
POST /api/campaigns/{campaign_id}/launch
POST /api/campaigns/{campaign_id}/pause
POST /api/campaigns/{campaign_id}/resume
POST /api/campaigns/{campaign_id}/cancel
GET /api/campaigns/{campaign_id}/report
GET /api/campaigns/{campaign_id}/results.csv
GET /api/calls
GET /api/calls/{call_sid}
GET /api/suppressions
POST /api/suppressions
DELETE /api/suppressions
GET /api/agents
GET /api/agents/{agent_id}
PUT /api/agents/{agent_id}
GET /api/live
"""


async def test_the_document_is_valid_and_complete(laptop: Console) -> None:
    document = (await laptop.http.get("/api/openapi.json")).json()
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"] == "3.1.0"
    told = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert set(PROMISED.split("\n")) - {""} <= told
    served = {
        f"{method} {route.path}"
        for route in laptop.app.routes
        if isinstance(route, Route) and route.path.startswith("/api/") and route.path != "/api/openapi.json"
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert served == told
    ids = [one["operationId"] for methods in document["paths"].values() for one in methods.values()]
    assert len(ids) == len(set(ids))


async def test_every_operation_answers_as_the_document_says_even_to_nonsense(laptop: Console) -> None:
    document = laptop.described.document
    for template, methods in document["paths"].items():
        path = template.replace("{part}", "1").replace("{", "no-").replace("}", "")
        for method in methods:
            answer = await laptop.asks(method.upper(), path, params={"page_size": "-1", "wait_s": "x"})
            assert answer.status_code < 500, f"{method} {path}: {answer.text}"
            if method != "get":
                body = {"content": b"[[[", "headers": {"content-type": "application/json"}}
                assert (await laptop.asks(method.upper(), path, **body)).status_code < 500
    assert len(laptop.described.seen) == sum(map(len, document["paths"].values()))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"origin": "http://127.0.0.1:8080"}, 201),
        ({"sec-fetch-site": "same-origin"}, 201),
        ({"sec-fetch-site": "none"}, 201),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1:9999"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:8080"}, 403),
    ],
)
async def test_another_sites_page_changes_nothing(laptop: Console, headers: dict[str, str], status: int) -> None:
    answer = await laptop.asks("POST", "/api/uploads", json={}, headers=headers)
    assert answer.status_code == status


async def test_every_answer_carries_safe_headers(laptop: Console) -> None:
    for path in ("/api/calls", "/api/nowhere", "/healthz"):
        headers = (await laptop.http.get(path)).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


async def test_what_cannot_be_found_or_done_is_a_problem_document(laptop: Console) -> None:
    for method, path, status in (("GET", "/api/nowhere", 404), ("DELETE", "/api/calls", 405)):
        answer = await laptop.http.request(method, path)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status


async def test_a_store_that_is_away_is_said_so() -> None:
    store = MemoryStore()
    console = Console(store)
    store.away = True
    problem = await console.does("GET", "/api/calls", expect=503)
    assert problem["title"] == "The records cannot be reached right now"
    await console.close()


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[" * 100_000, b'"text"'])
async def test_a_body_that_is_no_json_is_a_problem_of_its_sender(laptop: Console, body: bytes) -> None:
    answer = await laptop.asks("POST", "/api/campaigns", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
