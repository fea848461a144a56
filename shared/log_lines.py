"""What a log record becomes: its fields masked, then one line of JSON or of text."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from math import isfinite
from typing import Any, TypeAlias

MASK = "[masked]"
MAX_DEPTH = 4
MAX_ITEMS = 50
MAX_TEXT_CHARS = 2_000

Plain: TypeAlias = bool | int | float | str | list["Plain"] | dict[str, "Plain"] | None

PERSONAL = frozenset(
    "address api_key args arguments audio auth_token authorization body caller callee contact_name cookie email"
    " first_name form from from_ full_name last_name number numbers original password payload phone phone_number"
    " query recipient said secret signature speech text to token transcript transfer_to twiml variables words".split()
)
"""Names of fields that hold people's data or keys, in lower case."""

_PHONE = re.compile(r"(?:\+|%2[Bb])(?:[\s().-]*[0-9]){7,15}|(?<![\w.+-])[0-9]{10,15}(?![\w.-])")
"""A plus and seven digits or more, however grouped; or ten to fifteen digits that stand alone."""
_PYDANTIC_INPUT = re.compile(r"input_value=.*?, input_type=", re.DOTALL)
"""pydantic quotes what it was given in its message."""

_RECORD_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_SEVERITY = {"WARN": "WARNING", "FATAL": "CRITICAL", "NOTSET": "DEFAULT"}

trace_id: ContextVar[str | None] = ContextVar("trace_id", default=None)
"""The trace of the request that is being served, so that its lines stand together in the console's log."""


def mask_text(text: str) -> str:
    """The text, shortened, with whatever looks like a telephone number masked."""
    if len(text) > MAX_TEXT_CHARS:
        text = text[:MAX_TEXT_CHARS] + "…"
    return _PHONE.sub(MASK, text)


def mask(value: object, depth: int = 0) -> Plain:
    """The value as JSON can hold it, with everything personal masked."""
    match value:
        case float() if not isfinite(value):
            return str(value)
        case None | bool() | int() | float():
            return value
        case str():
            return mask_text(value)
        case _ if depth >= MAX_DEPTH:
            return "…"
        case Mapping():
            pairs = list(value.items())[:MAX_ITEMS]
            return {mask_text(str(key)): mask_field(str(key), item, depth + 1) for key, item in pairs}
        case bytes() | bytearray() | memoryview():
            return f"{len(value)} bytes"
        case Sequence() | set() | frozenset():
            return [mask(item, depth + 1) for item in list(value)[:MAX_ITEMS]]
        case _:
            return mask_text(str(value))


def mask_field(name: str, value: object, depth: int = 0) -> Plain:
    """A named value: masked whole if its name says that it is personal, unless it is only a small number."""
    personal = name.lower() in PERSONAL and not (value is None or (isinstance(value, int | float) and value < 1e6))
    return MASK if personal else mask(value, depth)


def settle(record: logging.LogRecord) -> logging.LogRecord:
    """A record of plain masked values: what the original points to may change before it is written."""
    try:
        text = record.getMessage()
    except Exception:
        text = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
    settled = logging.LogRecord(
        record.name, record.levelno, record.pathname, record.lineno, mask_text(text), None, None
    )
    settled.created, settled.funcName = record.created, record.funcName
    fields = {key: value for key, value in vars(record).items() if key not in _RECORD_ATTRIBUTES}
    vars(settled)["fields"] = {key: _masked_safely(key, value) for key, value in fields.items()}
    vars(settled)["trace"] = trace_id.get()
    if record.exc_info and record.exc_info[0] is not None:
        text = logging.Formatter().formatException(record.exc_info)
        settled.exc_text = _PHONE.sub(MASK, _PYDANTIC_INPUT.sub(f"input_value={MASK}, input_type=", text))
    return settled


def _masked_safely(name: str, value: object) -> Plain:
    try:
        return mask_field(name, value)
    except Exception as error:
        return f"unprintable: {type(error).__name__}"


class JsonLines(logging.Formatter):
    """One JSON object per settled record, with the keys that Cloud Logging understands."""

    def __init__(self, project: str | None = None) -> None:
        super().__init__()
        self._project = project

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, Any] = {
            **getattr(record, "fields", {}),
            "severity": _SEVERITY.get(record.levelname, record.levelname),
            "message": record.getMessage(),
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "logger": record.name,
        }
        trace = getattr(record, "trace", None)
        if trace is not None and self._project is not None:
            line["logging.googleapis.com/trace"] = f"projects/{self._project}/traces/{trace}"
        if record.levelno >= logging.ERROR:
            line["logging.googleapis.com/sourceLocation"] = {
                "file": record.pathname,
                "line": str(record.lineno),
                "function": record.funcName or "",
            }
        if record.exc_text:
            line["stack_trace"] = record.exc_text
        return _encodable(json.dumps(line, ensure_ascii=False, default=str))


class TextLines(logging.Formatter):
    """One readable line per settled record, and the traceback below it if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        time = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        fields = "".join(f"  {name}={value}" for name, value in getattr(record, "fields", {}).items())
        line = f"{time} {record.levelname:<7} {record.getMessage()}{fields}".replace("\n", "\\n")
        return _encodable(f"{line}\n{record.exc_text}" if record.exc_text else line)


def _encodable(line: str) -> str:
    """Half a surrogate pair, as a broken client may send, would make standard output refuse the line."""
    return line if line.isascii() else line.encode("utf-8", "replace").decode()
