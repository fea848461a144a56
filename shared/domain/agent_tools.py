"""Tools that an agent's document describes without code: requests to the customer's own systems, and MCP servers.

What the model calls, what of it goes where in the request, and what of the answer comes back. Nothing here reaches
out: functions/tools does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import jmespath
from jmespath.exceptions import JMESPathError
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

ToolName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.:-]{0,127}$")]
FieldName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")]
PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
SECRET_IN_HEADER = re.compile(r"secret://tool-[A-Za-z0-9_-]{1,250}(/(latest|[1-9][0-9]{0,18}))?(?![A-Za-z0-9_/-])")
"""Only secrets that are named for it: whoever may write an agent must not be able to send away Parley's own."""
OURS = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection", "idempotency-key"})
"""Headers that a document may not set: they belong to the connection, or to our promise to do a thing once."""

CallFact = Literal["call_sid", "caller", "language", "agent_id"]
"""What Parley itself knows of the call and may add to a request; the model cannot change it."""


class Strict(BaseModel):
    """A part of an agent's document: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _address(url: str) -> str:
    """The address, if a request can go there and to no other host, whatever the model says."""
    parts = urlsplit(url)
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise ValueError("must be an https address such as https://api.example.com/orders/{order_id}")
    if PLACEHOLDER.search(parts.netloc) or "{" in parts.netloc:
        raise ValueError("the host must stand there as it is; an argument may only be in the path or the query")
    if "@" in parts.netloc:
        raise ValueError("a user name does not belong into an address; use a header with secret://tool-NAME")
    if parts.fragment:
        raise ValueError("what stands behind # is never sent")
    try:
        _ = parts.port
    except ValueError:
        raise ValueError("the port is not a number below 65536") from None
    return url


def _headers(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if name.lower() in OURS:
            raise ValueError(f"the header {name} is set by Parley")
        if any(ord(sign) < 32 or ord(sign) == 127 for sign in value):
            raise ValueError(f"the header {name} must be one line")
        if "secret://" in SECRET_IN_HEADER.sub("", value):
            raise ValueError(
                f"the header {name} does not name a secret; write secret://tool-NAME or secret://tool-NAME/VERSION"
            )
    return headers


class HttpTool(Strict):
    """A request to the customer's own system, for the model to call by name."""

    name: ToolName
    description: str = Field(min_length=1, max_length=2_000)
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    url: str = Field(max_length=2_000)
    """With arguments in braces in its path and query. What the URL does not name goes into the query of GET, HEAD and
    DELETE, and into a JSON body of the others."""
    headers: dict[HeaderName, str] = {}
    parameters: dict[str, Any] = {}
    """JSON Schema of the arguments."""
    adds: tuple[CallFact, ...] = ()
    """Sent beside the arguments, under their own names."""
    answer: dict[FieldName, str] = {}
    """Field that the model is told → JMESPath into the JSON answer; none: the whole answer."""
    message: str = Field(default="It worked. Tell the caller what matters to them.", min_length=1, max_length=500)
    errors: dict[int, Annotated[str, StringConstraints(min_length=1, max_length=500)]] = {}
    """HTTP status → what the model is told, where the general sentence would say too little."""
    timeout_s: float = Field(default=8.0, gt=0, le=30)
    tries: int = Field(default=2, ge=1, le=3)
    """Only methods that may be repeated are tried again, all within timeout_s."""
    needs: tuple[str, ...] = ()
    """What must be known of the caller first: verified_caller."""

    @model_validator(mode="before")
    @classmethod
    def _openai_definition(cls, data: Any) -> Any:
        """A tool may be described as OpenAI's clients do: its envelope is taken off."""
        if isinstance(data, Mapping) and data.get("type") == "function":
            rest = {key: value for key, value in data.items() if key not in {"type", "function", "strict"}}
            function = data.get("function", {})
            inner = {key: value for key, value in function.items() if key != "strict"} if function else {}
            return {**inner, **rest}
        return data

    @field_validator("url")
    @classmethod
    def _reachable(cls, url: str) -> str:
        return _address(url)

    @field_validator("headers")
    @classmethod
    def _sendable(cls, headers: dict[str, str]) -> dict[str, str]:
        return _headers(headers)

    @field_validator("answer")
    @classmethod
    def _readable(cls, answer: dict[str, str]) -> dict[str, str]:
        for name, path in answer.items():
            if name in {"status", "message"}:
                raise ValueError(f"{name} is told to the model in any case; give the field another name")
            try:
                jmespath.compile(path)
            except JMESPathError:
                raise ValueError(f"what {name} is read from is not JMESPath") from None
        return answer

    @model_validator(mode="after")
    def _every_placeholder_is_an_argument(self) -> HttpTool:
        properties, required = self.parameters.get("properties", {}), self.parameters.get("required", [])
        for name in PLACEHOLDER.findall(self.url):
            if name not in self.adds and not (isinstance(properties, Mapping) and name in properties):
                raise ValueError(f"url: {{{name}}} is no argument of the tool")
            if name not in self.adds and name in PLACEHOLDER.findall(urlsplit(self.url).path) and name not in required:
                raise ValueError(f"url: {{{name}}} stands in the path, so the argument must be required")
        return self

    @property
    def is_repeatable(self) -> bool:
        """Sending it twice is no more than sending it once (RFC 9110)."""
        return self.method in {"GET", "HEAD", "PUT", "DELETE"}


class McpServer(Strict):
    """A server of the Model Context Protocol, and which of its tools the agent may call."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    url: str = Field(max_length=2_000)
    headers: dict[HeaderName, str] = {}
    tools: tuple[ToolName, ...] = Field(min_length=1)
    """By the server's own names; the others are never shown to the model."""
    timeout_s: float = Field(default=8.0, gt=0, le=30)
    open_within_s: float = Field(default=3.0, gt=0, le=10)
    """A server that takes longer is away, for this call."""
    needs: tuple[str, ...] = ()

    @field_validator("url")
    @classmethod
    def _reachable(cls, url: str) -> str:
        if PLACEHOLDER.search(url):
            raise ValueError("an MCP server's address takes no arguments")
        return _address(url)

    @field_validator("headers")
    @classmethod
    def _sendable(cls, headers: dict[str, str]) -> dict[str, str]:
        return _headers(headers)


class OwnRecord(Strict):
    """Which fields of the caller's own record the agent may tell them, and which it may change."""

    readable: tuple[FieldName, ...] = ()
    writable: tuple[FieldName, ...] = ()
