"""What cannot work in the tools that an agent's document describes itself."""

from __future__ import annotations

from collections.abc import Iterator

from functions.tools.builtin import BUILTIN
from functions.tools.gemini_schema import SchemaRefused, gemini_schema
from functions.tools.tool import Fact
from shared.domain.agent import Agent
from shared.domain.agent_check import AgentProblem
from shared.domain.nearest import nearest


def tool_problems(agent: Agent) -> Iterator[AgentProblem]:
    """Every schema that the model has no words for, and every name that means nothing."""
    for number, tool in enumerate(agent.http_tools):
        try:
            gemini_schema(tool.parameters)
        except SchemaRefused as refused:
            yield AgentProblem(f"http_tools[{number}].parameters", f"the model cannot be told of them: {refused}")
        yield from _facts(f"http_tools[{number}].needs", tool.needs)
        if tool.name in BUILTIN.names:
            yield AgentProblem(f"http_tools[{number}].name", f"Parley has a tool called {tool.name} itself")
    for number, server in enumerate(agent.mcp_servers):
        yield from _facts(f"mcp_servers[{number}].needs", server.needs)
    names = {*agent.tools, *(tool.name for tool in agent.http_tools)}
    names |= {name for server in agent.mcp_servers for name in server.tools}
    for name, needs in agent.tool_needs.items():
        if name not in names:
            yield AgentProblem(f"tool_needs.{name}", f"the agent has no tool {name!r}", nearest(name, names))
        yield from _facts(f"tool_needs.{name}", needs)
    for name in agent.own_record.writable:
        if name not in agent.own_record.readable:
            sentence = f"{name} may be changed, so the agent must be able to read it back to the caller"
            yield AgentProblem("own_record.writable", sentence)


def _facts(field: str, needs: tuple[str, ...]) -> Iterator[AgentProblem]:
    for fact in needs:
        if fact not in set(Fact):
            yield AgentProblem(field, f"nothing finds out {fact!r} about a caller", nearest(fact, set(Fact)))
