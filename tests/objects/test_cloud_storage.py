"""Cloud Storage when it is away, and what is asked of it beside the contract."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from shared.objects import cloud_storage, open_objects
from shared.objects.objects import ObjectsError, ObjectsUnavailable
from tests.objects.bucket import cloud_storage as emulator


@contextmanager
def answering(monkeypatch: pytest.MonkeyPatch, status: int, wait_s: float = 0.0) -> Iterator[list[bytes]]:
    """A Cloud Storage that answers everything with this; what it was sent."""
    sent: list[bytes] = []
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.append(self.rfile.read(int(self.headers.get("content-length", 0))))
            over.wait(wait_s)
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{server.server_port}")
    try:
        yield sent
    finally:
        over.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_store_in_trouble_is_away_and_asked_once(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(monkeypatch, status) as sent:
        with pytest.raises(ObjectsUnavailable):
            open_objects("gs://b").put("a", b"x", content_type="audio/basic")
        assert len(sent) == 1


def test_a_store_that_refuses_us_is_not_taken_for_one_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(monkeypatch, 403), pytest.raises(ObjectsError) as refused:
        open_objects("gs://b").put("a", b"x", content_type="audio/basic")
    assert not isinstance(refused.value, ObjectsUnavailable)


def test_a_store_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud_storage, "TIMEOUT_S", (0.2, 0.2))
    with answering(monkeypatch, 200, wait_s=5.0), pytest.raises(ObjectsUnavailable):
        open_objects("gs://b").put("a", b"x", content_type="audio/basic")


def test_nobody_there_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:9")
    with pytest.raises(ObjectsUnavailable):
        open_objects("gs://b").read("a")


def test_a_bucket_that_does_not_exist_is_an_error() -> None:
    with emulator(), pytest.raises(ObjectsError):
        open_objects("gs://another").put("a", b"x", content_type="audio/basic")


def test_the_bucket_is_told_when_to_delete(monkeypatch: pytest.MonkeyPatch) -> None:
    at = datetime(2027, 2, 26, tzinfo=UTC)
    with answering(monkeypatch, 500) as sent, pytest.raises(ObjectsUnavailable):
        open_objects("gs://b").put("a", b"x", content_type="audio/basic", delete_at=at)
    metadata = json.loads(sent[0].split(b"\r\n\r\n")[1].split(b"\r\n")[0])
    assert metadata["customTime"].startswith("2027-02-26T00:00:00")
    assert b"content-type: audio/basic" in sent[0]
