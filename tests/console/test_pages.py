"""The pages, as somebody without JavaScript uses them."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from shared.store.store import Value
from tests.console.conftest import INDIAN_LIST, Console
from tests.console.test_calls_and_live import a_call

ATTACK = '<script>alert(1)</script>"onload="x'


class Tags(HTMLParser):
    """What a page is made of, and whether every tag is closed."""

    EMPTY = frozenset(("meta", "link", "input", "br", "option", "progress", "rect"))

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.all: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        assert self.open == [], f"not closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.EMPTY:
            assert self.open.pop() == tag


async def seen(console: Console, path: str, status: int = 200) -> str:
    """A page: well formed, no script of its own, every field with a label."""
    answer = await console.http.get(f"/console{path}")
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    tags = Tags(answer.text).all
    labelled = {attributes.get("for") for tag, attributes in tags if tag == "label"}
    for tag, attributes in tags:
        assert "style" not in attributes, "the content security policy would not let it work"
        assert not any(name.startswith("on") for name in attributes)
        if tag == "script":
            assert attributes.get("src") == "/console/static/console.js"
        if tag in ("input", "select", "textarea") and attributes.get("type") != "hidden":
            assert attributes.get("id") in labelled, f"{path}: {attributes.get('name')} has no label"
    return answer.text


async def sends(console: Console, path: str, status: int = 303, **more: Any) -> Any:
    answer = await console.http.post(f"/console{path}", **more)
    assert answer.status_code == status, answer.text
    return answer


async def test_from_upload_to_results_without_a_script(console: Console) -> None:
    await seen(console, "/lists")
    answer = await sends(
        console,
        "/lists",
        files={"file": ("मित्र.csv", INDIAN_LIST.encode())},
        data={"country": "IN", "purpose": "marketing"},
    )
    list_page = answer.headers["location"].removeprefix("/console")
    await console.has_read(list_page.rpartition("/")[2])
    text = await seen(console, list_page)
    assert "5 rows, each in one class" in text
    assert "No usable number" in text
    assert "12345" in await seen(console, f"{list_page}?class=invalid")
    form = {"name": "Diwali", "list_id": list_page.rpartition("/")[2], "agent_id": "renewal", "purpose": "marketing"}
    more = {"from": "10:00", "until": "19:00", "starts_at": "2026-11-23T10:00", "zone": "Asia/Kolkata", "budget": "5"}
    answer = await sends(console, "/campaigns", data={**form, **more, "calls_per_second": "1", "max_attempts": "2"})
    campaign_page = answer.headers["location"].removeprefix("/console")
    text = await seen(console, campaign_page)
    assert "2 would be called now" in text
    assert "Launch" in text
    campaign = await console.get(f"/api{campaign_page}")
    assert campaign["starts_at"] == "2026-11-23T04:30:00Z"
    assert campaign["window"] == {"mon-sun": "10:00-19:00"}
    await sends(console, f"{campaign_page}/launch")
    text = await seen(console, campaign_page)
    assert "results.csv" in text
    assert "Pause" in text
    assert "Launch</button>" not in text
    await sends(console, f"{campaign_page}/pause")
    assert "Paused by a person" in await seen(console, campaign_page)
    assert "would be called now" in await seen(console, f"{campaign_page}?preflight=1")
    assert "Diwali" in await seen(console, "/campaigns")
    assert list_page in await seen(console, "/lists")


async def test_a_mapping_and_a_mended_file_are_sent_by_form(laptop: Console) -> None:
    list_id = await laptop.a_list()
    await sends(laptop, f"/lists/{list_id}/mapping", data={"column:City": "state", "country": "IN"})
    assert (await laptop.has_read(list_id))["mapping"]["City"] == "state"
    mended = (await laptop.http.get(f"/api/lists/{list_id}/rejected.csv")).content.replace(b"12345", b"9811100011")
    await sends(laptop, f"/lists/{list_id}/mended", files={"file": ("mended.csv", mended)})
    await laptop.has_read(list_id)
    assert "The mended file replaced" in await seen(laptop, f"/lists/{list_id}")


async def test_cells_are_text_and_nothing_else(laptop: Console) -> None:
    quoted = ATTACK.replace('"', '""')
    list_id = await laptop.a_list(f'"{quoted}",Mobile,Consent\n"{quoted}",9876543210,yes\n"{quoted}",12,yes\n')
    campaign_id = (await laptop.a_campaign(list_id, name=ATTACK))["campaign_id"]
    await a_call(laptop, to=ATTACK, ending=ATTACK)
    turn: dict[str, Value] = {"seq": 1, "speaker": "caller", "text": ATTACK, "start_ms": 0, "language": ATTACK}
    await laptop.store.create("calls/CA1/turns/000001", turn)
    for path in (f"/lists/{list_id}", f"/campaigns/{campaign_id}", "/campaigns", "/calls", "/calls/CA1", "/lists"):
        assert "alert(1)</script>" not in await seen(laptop, path), path


async def test_a_transcript_marks_what_was_not_heard(console: Console) -> None:
    await a_call(console)
    turns = [
        {"seq": 1, "speaker": "agent", "text": "नमस्ते", "unheard": "मैं अंजलि हूँ", "cut_off": True, "language": "hi-IN"},
        {"seq": 2, "speaker": "caller", "text": "हाँ बोलिए", "start_ms": 61_500},
    ]
    for turn in turns:
        await console.store.create(f"calls/CA1/turns/{turn['seq']:06}", turn)  # type: ignore[arg-type]
    tool: dict[str, Value] = {
        "name": "opt_out",
        "status": "ok",
        "result": {"message": "done"},
        "arguments": {"scope": "all"},
        "ms": 12,
    }
    await console.store.create("calls/CA1/tool_results/t1", tool)
    text = await seen(console, "/calls/CA1")
    assert re.search(r'नमस्ते <s class="unheard"[^>]*>मैं अंजलि हूँ</s>', text)
    assert "interrupted" in text
    assert "1:01" in text
    assert "Opt out" in text
    assert "CA1" in await seen(console, "/calls")


async def test_mistakes_bring_the_form_back_as_it_was(laptop: Console) -> None:
    answer = await sends(laptop, "/lists", 422, files={"file": ("a.csv", b"%PDF-1.4")}, data={"country": "DE"})
    assert "This is a PDF" in answer.text
    assert 'value="DE"' in answer.text
    list_id = await laptop.a_list()
    form = {"name": "My words", "list_id": list_id, "agent_id": "renewal", "purpose": "marketing"}
    answer = await sends(laptop, "/campaigns", 422, data={**form, "calls_per_second": "many"})
    assert 'value="My words"' in answer.text
    assert "wrong" in answer.text
    answer = await sends(laptop, "/campaigns", 422, data={**form, "starts_at": "soon"})
    assert "Not before: this is no time" in answer.text
    assert "There is no such list" in await seen(laptop, "/lists/nope", 404)
    assert "There is no such campaign" in await seen(laptop, "/campaigns/nope", 404)
    await sends(laptop, "/campaigns/nope/explode", 404)


async def test_numbers_are_suppressed_and_lifted_by_form(console: Console) -> None:
    await sends(console, "/suppressions", data={"phone": "+91 98765 43210", "reason": "opt_out"})
    text = await seen(console, "/suppressions")
    assert "Opt out" in text
    [entry] = (await console.get("/api/suppressions"))["suppressions"]
    await sends(console, f"/suppressions/{entry['number_hash']}/lift")
    assert "Nobody is on it yet" in await seen(console, "/suppressions")
    answer = await sends(console, "/suppressions", 422, data={"phone": "12"})
    assert "nothing was changed" in answer.text
    numbers = b"Phone\n9876543210\n12345\nask Ravi\n"
    answer = await sends(console, "/suppressions", 200, files={"file": ("dnc.csv", numbers)}, data={"country": "IN"})
    assert "1 number will not be called any more" in answer.text
    assert "2 rows were left out, because no number can be read there" in answer.text
    assert "Row 3: " in answer.text
    assert "Row 4: " in answer.text


async def test_an_agent_is_changed_as_yaml(laptop: Console) -> None:
    text = await seen(laptop, "/agents/renewal")
    assert "नमस्ते" in text
    assert "Anjali" in await seen(laptop, "/agents")
    agent = (await laptop.get("/api/agents/renewal"))["agent"]
    bad = await sends(laptop, "/agents/renewal", 422, data={"agent": "id: [renewal"})
    assert "This is not YAML" in bad.text
    bad = await sends(laptop, "/agents/renewal", 422, data={"agent": "id: renewal\nvoice: Elvis\n"})
    assert "voice" in bad.text or "name" in bad.text
    await sends(laptop, "/agents/renewal", data={"agent": json.dumps({**agent, "name": "Kiran"})})
    assert "Kiran" in await seen(laptop, "/agents/renewal")


@pytest.mark.parametrize("name", ["console.css", "console.js"])
async def test_what_the_pages_are_drawn_with_is_served(laptop: Console, name: str) -> None:
    answer = await laptop.http.get(f"/console/static/{name}")
    assert answer.status_code == 200
    assert (await laptop.http.get("/console/static/../page.py")).status_code == 404


async def test_the_first_page_is_the_campaigns(laptop: Console) -> None:
    for path in ("/", "/console"):
        answer = await laptop.http.get(path)
        assert answer.headers["location"] == "/console/campaigns"
    assert "How it goes" in await seen(laptop, "/campaigns")
