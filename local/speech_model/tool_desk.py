"""Tool calls: sent, waited for, answered, cancelled."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from local.speech_model import server_messages as messages
from local.speech_model.client_messages import FunctionResponse
from local.speech_model.faults import Kind, Moment
from local.speech_model.memory import Conversation, Issued
from local.speech_model.outlet import Outlet
from local.speech_model.record import SessionRecord
from local.speech_model.script import Place, UseTool
from local.speech_model.setup_rules import Setup
from local.speech_model.trouble import Trouble

UNKNOWN_TOOL = "no_such_tool"
BAD_ARGUMENTS: Mapping[str, Any] = {"": None, "unexpected": [[]]}

Result = tuple[Issued, Mapping[str, Any]]
"""A call, and the tool's answer."""


class ToolDesk:
    """One session's tools."""

    def __init__(
        self, outlet: Outlet, setup: Setup, conversation: Conversation, record: SessionRecord, trouble: Trouble
    ) -> None:
        self._outlet = outlet
        self._setup = setup
        self._conversation = conversation
        self._record = record
        self._trouble = trouble
        self._awaited: dict[str, asyncio.Future[Mapping[str, Any]]] = {}
        self.repeats = 0
        """How often the call that comes next has been made before."""

    def declared(self, name: str) -> bool:
        """Whether the client offers this tool."""
        return name in self._setup.message.functions

    @property
    def waiting(self) -> bool:
        """Whether the model is silent because of a call."""
        return bool(self._awaited)

    async def call(self, act: UseTool, place: Place) -> Mapping[str, Any] | None:
        """The tool's answer; None where the model does not wait for it. Faults ask for something in vain first."""
        await self._call_in_vain(act, place)
        declared = self._setup.message.functions[act.name]
        # Live was reported to leave the arguments out where the declaration is a plain JSON Schema.
        arguments = {} if declared.parameters_json_schema is not None else dict(act.arguments)
        ids = [_new_id()]
        duplicate = self._trouble.take((Kind.DUPLICATE_TOOL,), Moment.TOOL_CALL)
        if duplicate is not None:
            ids.append(_new_id() if duplicate.other_id else ids[0])
        if not self._setup.blocks(act.name):
            for call_id in ids:
                await self._send(call_id, act.name, arguments, place)
            return None
        return await self._ask(ids, act.name, arguments, place)

    async def _call_in_vain(self, act: UseTool, place: Place) -> None:
        if self._trouble.take((Kind.UNKNOWN_TOOL,), Moment.TOOL_CALL):
            await self._ask([_new_id()], UNKNOWN_TOOL, dict(act.arguments), place)
        bad = self._trouble.take((Kind.BAD_ARGUMENTS,), Moment.TOOL_CALL)
        if bad is not None:
            arguments = BAD_ARGUMENTS if bad.arguments is None else bad.arguments
            await self._ask([_new_id()], act.name, arguments, place)

    async def _ask(self, ids: Sequence[str], name: str, arguments: Any, place: Place) -> Mapping[str, Any]:
        answered: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        for call_id in ids:
            self._awaited[call_id] = answered
            await self._send(call_id, name, arguments, place)
        response = await answered
        for call_id in ids:
            self._awaited.pop(call_id, None)
        return response

    async def _send(self, call_id: str, name: str, arguments: Any, place: Place) -> None:
        act = UseTool(name, arguments if isinstance(arguments, Mapping) else {})
        self._conversation.calls[call_id] = Issued(act, place, self.repeats)
        self._record.tool_calls.append({"id": call_id, "name": name, "arguments": arguments, "state": place.state})
        await self._outlet.message(messages.tool_call([(call_id, name, arguments)]))

    def answer(self, responses: Sequence[FunctionResponse]) -> list[Result]:
        """Take results in; those that no answer waits for (a call that did not block, or one from before) come back."""
        late: list[Result] = []
        for response in responses:
            call_id = response.id or self._id_by_name(response.name)
            known = self._conversation.calls.pop(call_id, None) if call_id else None
            said = response.model_dump(exclude_unset=True)
            self._record.tool_responses.append({**said, "id": call_id, "known": known is not None})
            if call_id is None or known is None:
                continue
            awaited = self._awaited.get(call_id)
            if awaited is None:
                if response.scheduling != "SILENT":
                    late.append((known, response.response))
            elif not awaited.done():
                awaited.set_result(response.response)
        return late

    def _id_by_name(self, name: str | None) -> str | None:
        """Vertex AI takes results without an id."""
        return next((call_id for call_id, call in self._conversation.calls.items() if call.act.name == name), None)

    def cancel(self) -> list[str]:
        """Give up waiting; the ids that are not wanted any more."""
        # Whoever waited was cancelled, and the future with it.
        ids = [call_id for call_id, answered in self._awaited.items() if not answered.done() or answered.cancelled()]
        for call_id in ids:
            self._conversation.calls.pop(call_id, None)
        self._awaited.clear()
        return ids


def _new_id() -> str:
    return f"function-call-{secrets.randbelow(10**19)}"
