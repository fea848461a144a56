"""The page about tools is true: every tool is in it, and its examples are documents that work."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from functions.tools.agent_tools_check import tool_problems
from functions.tools.builtin import EVERYWHERE
from shared.domain.agent_tools import McpServer
from tests.tools.customers_system import agent_with

MANUAL = (Path(__file__).parents[2] / "docs" / "tools.md").read_text(encoding="utf-8")


def examples() -> dict[str, Any]:
    """The YAML that the page shows."""
    shown: dict[str, Any] = {}
    for block in re.findall(r"```yaml\n(.*?)```", MANUAL, re.DOTALL):
        shown |= yaml.safe_load(block)
    return shown


def test_every_tool_for_any_agent_is_named() -> None:
    assert {tool.name for tool in EVERYWHERE} <= set(re.findall(r"`([a-z_]+)`", MANUAL))


def test_the_examples_work() -> None:
    shown = examples()
    servers = tuple(map(McpServer.model_validate, shown["mcp_servers"]))
    agent = agent_with(*shown["http_tools"], mcp_servers=servers)
    assert list(tool_problems(agent)) == []
    assert agent.http_tools[0].errors[404].startswith("There is no such order")
