"""Log lines: one JSON object each for Cloud Logging, or readable text on a terminal.

The event loop only puts a line into a bounded queue and a thread writes it, so a slow standard output never delays
audio; when the queue is full, lines are dropped and counted. Below the rule that people are never in a log line
hangs a net (shared/log_lines.py): it masks what looks like a telephone number and fields named like something personal.
"""

from __future__ import annotations

import atexit
import logging
import queue
import sys
import threading
from logging.handlers import QueueHandler
from typing import TextIO

from shared.log_lines import JsonLines, TextLines, settle

QUEUE_LINES = 10_000
STOP_S = 2.0
OURS = ("functions", "shared", "local", "bench", "main")
"""Packages that log at the configured level. Libraries only warn: at INFO some of them print whole requests."""
SERVERS = ("uvicorn", "uvicorn.error", "uvicorn.access", "gunicorn.error", "gunicorn.access")
"""Loggers that bring handlers of their own, which would write past the queue and the net."""

_running: list[Logs] = []


def start_logs(*, level: str = "INFO", project: str | None = None, as_json: bool | None = None) -> None:
    """Send this process's log lines to standard output; None: text on a terminal, JSON elsewhere.

    Call it after a server has forked and set up its own logging. A second call changes nothing.
    """
    if not _running:
        text = sys.stdout.isatty() if as_json is None else not as_json
        _running.append(Logs(sys.stdout, TextLines() if text else JsonLines(project), level=level))
        atexit.register(stop_logs)


def stop_logs(timeout_s: float = STOP_S) -> None:
    """Write what is queued, but take no longer than this, and let go of the root logger."""
    while _running:
        _running.pop().stop(timeout_s)


class LineQueue(QueueHandler):
    """Settles each record and queues it; it neither waits nor raises."""

    queue: queue.Queue[logging.LogRecord | None]

    def __init__(self, size: int = QUEUE_LINES) -> None:
        super().__init__(queue.Queue(size))
        self.dropped = 0
        """Lines lost since somebody last looked: a full queue, or a standard output that would not take them."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """What goes into the queue."""
        return settle(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Count the line: printing why it failed would block, and could fail again."""
        self.dropped += 1


class Logs:
    """The root logger's one handler, and the thread that writes its lines to a stream."""

    def __init__(self, stream: TextIO, formatter: logging.Formatter, *, level: str, size: int = QUEUE_LINES) -> None:
        self._lines = LineQueue(size)
        self._stream = stream
        self._formatter = formatter
        self._writer = threading.Thread(target=self._write_lines, name="log-writer", daemon=True)
        self._writer.start()
        root = logging.getLogger()
        root.handlers[:] = [self._lines]
        root.setLevel(logging.WARNING)
        for name in OURS:
            logging.getLogger(name).setLevel(level)
        for name in SERVERS:
            server = logging.getLogger(name)
            server.handlers.clear()
            server.propagate = True
            server.setLevel(logging.WARNING)

    def stop(self, timeout_s: float) -> None:
        """Take the handler away and let the writer finish, for so long at the most."""
        logging.getLogger().removeHandler(self._lines)
        try:
            self._lines.queue.put(None, timeout=timeout_s)
        except queue.Full:
            return
        self._writer.join(timeout_s)

    def _write_lines(self) -> None:
        while (record := self._lines.queue.get()) is not None:
            self._write(record)
            dropped, self._lines.dropped = self._lines.dropped, 0
            if dropped:
                lost = logging.LogRecord(__name__, logging.WARNING, __file__, 0, "log lines were dropped", None, None)
                vars(lost)["fields"] = {"lines": dropped}
                self._write(lost)

    def _write(self, record: logging.LogRecord) -> None:
        try:
            self._stream.write(self._formatter.format(record) + "\n")
            self._stream.flush()
        except Exception:
            self._lines.dropped += 1
