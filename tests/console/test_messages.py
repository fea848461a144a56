"""What callers left for the team, and whom to call back, is seen by whoever opens the console."""

from __future__ import annotations

from datetime import timedelta

from shared.store.messages import Message, MessageKind, leave_message
from tests.console.conftest import Console
from tests.console.test_pages import seen


async def left(console: Console, number: int, **more: object) -> None:
    """A message, the later the higher its number."""
    message = Message(
        id=f"m{number}",
        call_sid=f"CA{number}",
        agent_id="reception",
        message=f"Message number {number} <b>",
        phone="+919800000001",
        created_at=console.clock.now() + timedelta(minutes=number),
    ).changed(**more)
    await leave_message(console.store, message)


async def test_the_newest_messages_come_first_and_pages_follow(console: Console) -> None:
    assert (await console.get("/api/messages")) == {"messages": [], "next": None}
    for number in range(3):
        await left(console, number)
    await left(console, 2, message="The same message, left again")
    first = await console.get("/api/messages", page_size=2)
    assert [one["message_id"] for one in first["messages"]] == ["m2", "m1"]
    assert first["messages"][0]["message"].startswith("Message number 2")
    second = await console.get("/api/messages", page_size=2, cursor=first["next"])
    assert [one["call_sid"] for one in second["messages"]] == ["CA0"]


async def test_the_page_shows_whom_to_call_back(console: Console) -> None:
    assert "There are none" in await seen(console, "/messages")
    await left(console, 1, kind=MessageKind.CALL_BACK, urgent=True)
    await left(console, 2, name="Meera")
    text = await seen(console, "/messages")
    assert "Call back" in text
    assert "tel:+919800000001" in text
    assert "Meera" in text
    assert "/console/calls/CA1" in text
    assert "&lt;b&gt;" in text
