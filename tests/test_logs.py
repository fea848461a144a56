"""Log lines: what they look like, what they never hold, and that writing them delays nobody."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel

from shared.log_lines import MASK, JsonLines, TextLines, mask, mask_field, mask_text, settle
from shared.logs import Logs
from shared.tracing import Traced, read_trace

pytestmark = pytest.mark.portable

log = logging.getLogger("functions.voice.bridge")
ROOT = Path(__file__).resolve().parents[1]


class Stuck(io.StringIO):
    """A standard output that nobody reads until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.free = threading.Event()

    def write(self, text: str) -> int:
        self.free.wait(10)
        return super().write(text)


@contextmanager
def logging_to(stream: io.StringIO, *, level: str = "INFO", size: int = 1_000, text: bool = False) -> Iterator[None]:
    """Everything logged inside is written to the stream by the end; pytest's own handlers come back afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    logs = Logs(stream, TextLines() if text else JsonLines("parley"), level=level, size=size)
    try:
        yield
    finally:
        logs.stop(5)
        root.handlers[:], root.level = before


def written(stream: io.StringIO) -> list[dict[str, Any]]:
    """The lines, each of which must be one JSON object."""
    return [json.loads(line) for line in stream.getvalue().encode().splitlines()]


def line_of(message: object, /, *args: object, level: int = logging.INFO, **extra: object) -> dict[str, Any]:
    """The one line that a log call writes."""
    stream = io.StringIO()
    with logging_to(stream):
        log.log(level, message, *args, extra=extra)
    (line,) = written(stream)
    return line


def test_a_line_is_json_with_the_keys_that_cloud_logging_knows() -> None:
    line = line_of("barge-in", call="CA1", heard_ms=420, language="hi")
    assert (line["severity"], line["message"], line["logger"]) == ("INFO", "barge-in", "functions.voice.bridge")
    assert (line["call"], line["heard_ms"], line["language"]) == ("CA1", 420, "hi")
    assert datetime.fromisoformat(line["time"]).utcoffset() is not None


def test_an_error_carries_its_place_and_its_stack() -> None:
    stream = io.StringIO()
    with logging_to(stream):
        try:
            raise LookupError("no such stream")
        except LookupError:
            log.exception("stream lost", extra={"call": "CA1"})
    (line,) = written(stream)
    assert line["severity"] == "ERROR"
    assert line["stack_trace"].endswith("LookupError: no such stream")
    assert line["logging.googleapis.com/sourceLocation"]["function"] == "test_an_error_carries_its_place_and_its_stack"


def test_on_a_terminal_a_line_is_readable() -> None:
    stream = io.StringIO()
    with logging_to(stream, text=True):
        log.warning("store is away", extra={"attempt": 2})
    assert stream.getvalue().endswith(" WARNING store is away  attempt=2\n")


@pytest.mark.parametrize(
    "text",
    [
        "calling +919876543210 now",
        "calling +91 98765-43210 now",
        "calling +1 (202) 555-0123 now",
        "To=%2B919876543210",
        "calling 919876543210 now",
        "'tel': '+12025550123'",
    ],
)
def test_a_number_in_the_text_is_masked(text: str) -> None:
    line = line_of(text, note=text, nested={"deep": [text]})
    digits = "".join(character for character in json.dumps(line) if character.isdigit())
    assert "98765" not in digits
    assert "5550123" not in digits
    assert MASK in line["message"]


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True), st.text(max_size=20), st.text(max_size=20))
@example("+1234567", "", "")
@example("+123456789012345", "x", "0")
def test_an_e164_number_never_survives_a_line(number: str, before: str, after: str) -> None:
    """Wherever an E.164 number stands in a text, it does not stand there afterwards."""
    assert number not in mask_text(f"{before}{number}{after}")


@pytest.mark.parametrize("text", ["CA0123456789abcdef0123456789abcdef", "2026-11-23T10:00:00+05:30", "took 1234567 ms"])
def test_ids_times_and_counts_stay_readable(text: str) -> None:
    assert mask_text(text) == text


@pytest.mark.parametrize("name", ["phone", "to", "From_", "transcript", "arguments", "auth_token", "contact_name"])
def test_fields_with_personal_names_are_masked_whole(name: str) -> None:
    assert line_of("tool called", level=logging.INFO, **{name: "Asha"})[name] == MASK
    assert line_of("tool called", result={name: ["Asha"]})["result"][name] == MASK
    assert mask_field(name, None) is None
    assert mask_field(name, 12) == 12
    assert mask_field(name, 919876543210) == MASK


def test_what_a_form_was_given_stays_out_of_the_traceback() -> None:
    class Form(BaseModel):
        age: int

    stream, given = io.StringIO(), "my number is +12025550123, ask for\nAsha"
    with logging_to(stream):
        try:
            Form.model_validate({"age": given})
        except ValueError:
            log.exception("bad form")
    assert "bad form" in stream.getvalue()
    assert "Asha" not in stream.getvalue()
    assert "5550123" not in stream.getvalue()


def test_libraries_only_warn_and_debugging_is_for_ours() -> None:
    stream = io.StringIO()
    with logging_to(stream, level="DEBUG"):
        log.debug("frame late")
        logging.getLogger("twilio.http_client").info("POST Request: ...")
        logging.getLogger("uvicorn.access").info("GET /voice/stream?token=...")
        logging.getLogger("uvicorn.error").warning("bad request line")
    assert [line["message"] for line in written(stream)] == ["frame late", "bad request line"]


class Awkward:
    """A value that cannot be printed."""

    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


@pytest.mark.parametrize(
    "value",
    [Awkward(), {"x": Awkward()}, float("nan"), b"\x00" * 160, {1: 2}, {3, 4}, "\ud800", [[[[[[[]]]]]]]],
)
def test_no_value_breaks_a_line(value: object) -> None:
    line = line_of("odd", value=value)
    assert line["message"] == "odd"
    assert json.dumps(line, allow_nan=False).encode()


def test_arguments_that_do_not_fit_do_not_break_a_line() -> None:
    assert line_of("%d frames", "many")["message"] == "%d frames"
    assert line_of(Awkward(), level=logging.ERROR)["severity"] == "ERROR"


def test_a_value_is_written_as_it_was_when_it_was_logged() -> None:
    stream, state = Stuck(), {"floor": "agent"}
    with logging_to(stream):
        log.info("floor", extra={"state": state})
        state["floor"] = "caller"
        stream.free.set()
    assert written(stream)[0]["state"] == {"floor": "agent"}


def test_a_long_text_is_cut_and_a_self_holding_one_ends() -> None:
    loop: list[object] = []
    loop.append(loop)
    assert len(mask_text("x" * 10_000)) < 2_100
    assert "…" in json.dumps(mask(loop), ensure_ascii=False)


async def test_a_standard_output_that_stands_still_delays_nobody() -> None:
    stream = Stuck()
    with logging_to(stream, size=10):
        started_s = time.monotonic()
        for n in range(1_000):
            log.info("frame", extra={"n": n})
            await asyncio.sleep(0)
        assert time.monotonic() - started_s < 2
        stream.free.set()
    lines = written(stream)
    assert lines[0]["n"] == 0
    dropped = [line["lines"] for line in lines if line["message"] == "log lines were dropped"]
    assert sum(dropped) == 1_000 - sum(1 for line in lines if line["message"] == "frame")
    assert sum(dropped) >= 980


def test_a_broken_standard_output_breaks_nothing() -> None:
    stream = io.StringIO()
    with logging_to(stream):
        stream.close()
        log.error("into the void")


def test_lines_of_one_request_carry_its_trace() -> None:
    trace = "105445aa7843bc8bf206b12000100000"

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.create_task(asyncio.to_thread(log.info, "in the request"))

    stream = io.StringIO()
    with logging_to(stream):
        scope = {"type": "http", "headers": [(b"x-cloud-trace-context", f"{trace}/1;o=1".encode())]}
        asyncio.run(Traced(app)(scope, None, None))  # type: ignore[arg-type]  # this app neither receives nor sends
        log.info("outside of it")
    inside, outside = written(stream)
    assert inside["logging.googleapis.com/trace"] == f"projects/parley/traces/{trace}"
    assert "logging.googleapis.com/trace" not in outside


@pytest.mark.parametrize(
    ("name", "value", "trace"),
    [
        (
            b"traceparent",
            b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "0af7651916cd43dd8448eb211c80319c",
        ),
        (b"x-cloud-trace-context", b"0af7651916cd43dd8448eb211c80319c", "0af7651916cd43dd8448eb211c80319c"),
        (b"x-cloud-trace-context", b"../../else", None),
        (b"traceparent", b"\xff", None),
    ],
)
def test_which_headers_name_a_trace(name: bytes, value: bytes, trace: str | None) -> None:
    assert read_trace({"headers": [(name, value)]}) == trace


def test_lines_are_out_when_the_process_ends() -> None:
    code = (
        "import logging; from shared.logs import start_logs; start_logs(); start_logs()\n"
        "for n in range(500): logging.getLogger('shared').info('line', extra={'n': n})"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=20)
    assert ended.stderr == ""
    assert [json.loads(line)["n"] for line in ended.stdout.splitlines()] == list(range(500))


def test_settling_leaves_the_original_alone() -> None:
    record = logging.makeLogRecord({"msg": "call +12025550123", "call": "CA1"})
    settle(record)
    assert record.msg == "call +12025550123"
