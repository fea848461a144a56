"""lookup_record and update_record: what Parley knows of the caller, and of nobody else, field by field as allowed.

In a campaign's call it is the contact; otherwise a record under the keyed hash of the caller's number. Which fields an
agent may tell or change stands in its document (own_record); the model never names a person, so it can ask for none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from functions.tools.tool import Answer, Arguments, Result, Tool, ToolContext, Traits
from shared.domain.agent import Agent
from shared.domain.attempt import Attempt, attempt_path
from shared.domain.contact import Contact, contact_path
from shared.store.store import AlreadyExists, Conflict, Document

NOTHING = "Nothing is known of this caller. Ask them."
MOST_TRIES = 3


class Lookup(Arguments):
    """No arguments: it is the caller's own."""


class Known(Result):
    """What is known."""

    fields: dict[str, str]


class Update(Arguments):
    """One field."""

    field: str = Field(min_length=1, max_length=64, description="Which field.")
    value: str = Field(max_length=300, description="Its new value, as the caller confirmed it.")


def caller_path(number_hash: str) -> str:
    """Where what agents learn of a caller is kept, if they are in no campaign."""
    return f"callers/{number_hash}"


def _is_hidden(context: ToolContext) -> bool:
    """Everybody without a number would share one record."""
    return context.attempt_id is None and not (context.caller.startswith("+") and context.number_hash)


async def _read(context: ToolContext) -> tuple[str, Document | None, Mapping[str, str]]:
    """Where the record is, the record, and its fields."""
    if context.attempt_id is not None:
        found = await context.store.get(attempt_path(context.attempt_id))
        if found is not None:
            attempt = Attempt.from_document(found.data)
            path = contact_path(attempt.campaign_id, attempt.contact_id)
            document = await context.store.get(path)
            if document is None:
                return path, None, {}
            contact = Contact.from_document(document.data)
            return path, document, {**({"name": contact.name} if contact.name else {}), **contact.variables}
    path = caller_path(context.number_hash)
    document = await context.store.get(path)
    fields: Any = {} if document is None else document.data.get("fields")
    return path, document, {str(name): str(value) for name, value in dict(fields or {}).items()}


async def _lookup(arguments: Lookup, context: ToolContext) -> Answer:
    del arguments
    if _is_hidden(context):
        return Result(message=NOTHING), None
    _, _, fields = await _read(context)
    allowed = context.agent.own_record.readable
    told = {name: fields[name] for name in allowed if fields.get(name)}
    if not told:
        return Result(message=NOTHING), None
    return Known(message="This is what is known of the caller. Tell them only what they ask for.", fields=told), None


async def _update(arguments: Update, context: ToolContext) -> Answer:
    allowed = context.agent.own_record.writable
    if arguments.field not in allowed:
        message = f"This field cannot be changed here; there is {', '.join(allowed) or 'none'}."
        return Result(status="refused", message=message), None
    if _is_hidden(context):
        return Result(status="error", message="The caller's number is hidden, so nothing can be kept."), None
    for _ in range(MOST_TRIES):
        path, document, _ = await _read(context)
        try:
            await _write(context, path, document, arguments)
        except (AlreadyExists, Conflict):
            continue  # somebody else wrote it at this moment: read it again
        return Result(message="It is changed. Say so in a few words."), None
    return Result(status="error", message="It could not be changed right now. Offer to take a message."), None


async def _write(context: ToolContext, path: str, document: Document | None, arguments: Update) -> None:
    by: dict[str, Any] = {"updated_at": context.now(), "updated_by_call": context.call_sid}
    if document is None:
        await context.store.create(path, {"fields": {arguments.field: arguments.value}, **by})
        return
    if path.startswith("callers/"):
        fields: Any = document.data.get("fields") or {}
        changes: dict[str, Any] = {"fields": {**fields, arguments.field: arguments.value}, **by}
    elif arguments.field == "name":
        changes = {"name": arguments.value, **by}
    else:
        variables: Any = document.data.get("variables") or {}
        changes = {"variables": {**variables, arguments.field: arguments.value}, **by}
    await context.store.update(path, changes, expected=document.version)


def _fits(agent: Agent, schema: dict[str, Any]) -> dict[str, Any]:
    if not agent.own_record.writable:
        return schema
    narrowed = {**schema["properties"]["field"], "enum": list(agent.own_record.writable)}
    return {**schema, "properties": {**schema["properties"], "field": narrowed}}


LOOKUP_RECORD = Tool(
    name="lookup_record",
    description="Looks up what is known of the caller, such as their name or customer number.",
    arguments=Lookup,
    run=_lookup,
    traits=Traits(may_run_again=True),
)
UPDATE_RECORD = Tool(
    name="update_record",
    description="Changes one field of what is known of the caller. Say the new value back and wait for a yes first.",
    arguments=Update,
    run=_update,
    traits=Traits(may_run_again=True),
    fits=_fits,
)
