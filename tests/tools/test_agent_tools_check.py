"""What cannot work in an agent's own tools is said field by field, before anybody calls."""

from __future__ import annotations

from typing import Any

import pytest

from functions.tools.agent_tools_check import tool_problems
from shared.domain.agent_tools import McpServer, OwnRecord
from tests.tools.customers_system import agent_with

TOOL: dict[str, Any] = {"name": "t", "description": "T.", "url": "https://example.com/"}
MCP = McpServer(name="crm", url="https://example.com/mcp", tools=("find",), needs=("good_mood",))


@pytest.mark.parametrize(
    ("tool", "more", "field", "said"),
    [
        ({"parameters": {"properties": {"x": {"$ref": "#"}}}}, {}, "http_tools[0].parameters", "recursive"),
        ({"needs": ["verified_calller"]}, {}, "http_tools[0].needs", "verified_calller"),
        ({"name": "end_call"}, {}, "http_tools[0].name", "Parley has a tool"),
        ({}, {"mcp_servers": (MCP,)}, "mcp_servers[0].needs", "good_mood"),
        ({}, {"tool_needs": {"s": ("verified_caller",)}}, "tool_needs.s", "no tool 's'"),
        ({}, {"own_record": OwnRecord(writable=("mail",))}, "own_record.writable", "read it back"),
    ],
)
def test_is_found(tool: dict[str, Any], more: dict[str, Any], field: str, said: str) -> None:
    (problem,) = tool_problems(agent_with({**TOOL, **tool}, **more))
    assert (problem.field, said in problem.sentence) == (field, True)


def test_an_agent_that_can_work_has_none() -> None:
    assert list(tool_problems(agent_with(TOOL, tool_needs={"t": ("verified_caller",)}))) == []
