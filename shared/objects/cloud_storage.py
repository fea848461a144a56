"""Objects in a bucket of Google Cloud Storage, by google-cloud-storage.

Each verb sends one request at a time, with a time-out and without the SDK's own tries: who calls knows better what a
second try is worth. Deletion at a time is the object's customTime, for a lifecycle rule of the bucket
(daysSinceCustomTime: 0; docs/deploy.md).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from google.api_core import exceptions
from google.auth.exceptions import GoogleAuthError
from google.cloud.storage import Client
from requests.exceptions import RequestException

from shared.objects.objects import NoSuchObject, Objects, ObjectsError, ObjectsUnavailable, Stored, checked

TIMEOUT_S: Final = (3.0, 8.0)
"""To connect, and between two bytes."""
MOST_PARTS: Final = 32
"""What one compose request takes."""
UNFINISHED: Final = ".joining"


class CloudObjects(Objects):
    """One bucket, or a folder in it. The client is made at the first use, which asks for credentials."""

    def __init__(self, bucket: str, folder: str = "") -> None:
        self._bucket_name = bucket
        self._folder = f"{folder}/" if folder else ""
        self._made: Any = None
        self._making = threading.Lock()

    @property
    def url(self) -> str:
        """gs://…"""
        return f"gs://{self._bucket_name}/{self._folder}".rstrip("/")

    @property
    def _bucket(self) -> Any:
        with self._making:
            if self._made is None:
                # Against an emulator the SDK takes no credentials by itself.
                self._made = Client().bucket(self._bucket_name)
            return self._made

    def put(self, name: str, data: bytes, *, content_type: str, delete_at: datetime | None = None) -> None:
        """Upload in one request: parts are small."""
        checked(name)
        with _as_ours():
            blob = self._blob(name, delete_at)
            blob.upload_from_string(data, content_type=content_type, timeout=TIMEOUT_S, retry=None)

    def join(self, name: str, parts: Sequence[str], *, content_type: str, delete_at: datetime | None = None) -> None:
        """Compose, 32 at a time, under another name until it is whole."""
        waiting = [self._blob(part) for part in parts]
        unfinished = None
        with _as_ours():
            while True:
                last = len(waiting) <= MOST_PARTS
                target = self._blob(name if last else f"{name}{UNFINISHED}", delete_at)
                target.content_type = content_type
                target.compose(waiting[:MOST_PARTS], timeout=TIMEOUT_S, retry=None)
                if last:
                    break
                unfinished, waiting = target, [target, *waiting[MOST_PARTS:]]
        if unfinished is not None:
            self.delete([f"{name}{UNFINISHED}"])

    def read(self, name: str, start: int = 0, size: int | None = None) -> bytes:
        """A range of an object."""
        if size == 0:
            return b""
        end = None if size is None else start + size - 1
        with _as_ours():
            try:
                data = self._blob(name).download_as_bytes(
                    start=start, end=end, timeout=TIMEOUT_S, retry=None, raw_download=True
                )
            except exceptions.RequestRangeNotSatisfiable:
                return b""
            return bytes(data)

    def named(self, prefix: str) -> list[Stored]:
        """List, page by page."""
        with _as_ours():
            blobs = self._bucket.list_blobs(prefix=self._folder + prefix, timeout=TIMEOUT_S, retry=None)
            found = [Stored(blob.name.removeprefix(self._folder), int(blob.size)) for blob in blobs]
        return sorted(found, key=lambda one: one.name)

    def folders(self) -> list[str]:
        """List what stands before the first slash."""
        with _as_ours():
            listing = self._bucket.list_blobs(prefix=self._folder, delimiter="/", timeout=TIMEOUT_S, retry=None)
            for _ in listing:
                pass
            return sorted(prefix.removeprefix(self._folder).rstrip("/") for prefix in listing.prefixes)

    def delete(self, names: Sequence[str]) -> None:
        """One by one."""
        for name in names:
            with _as_ours():
                try:
                    self._blob(name).delete(timeout=TIMEOUT_S, retry=None)
                except exceptions.NotFound:
                    continue

    def _blob(self, name: str, delete_at: datetime | None = None) -> Any:
        blob = self._bucket.blob(self._folder + checked(name))
        if delete_at is not None:
            blob.custom_time = delete_at
        return blob


@contextmanager
def _as_ours() -> Iterator[None]:
    """The SDK's errors as ours. Its messages hold addresses, so none is passed on."""
    try:
        yield
    except ObjectsError:
        raise
    except Exception as error:
        raise _ours(error)(f"Cloud Storage: {type(error).__name__}") from None


def _ours(error: Exception) -> Callable[[str], ObjectsError]:
    if isinstance(error, exceptions.NotFound):
        return NoSuchObject
    away = (exceptions.ServerError, exceptions.TooManyRequests, exceptions.RetryError, GoogleAuthError)
    return ObjectsUnavailable if isinstance(error, (RequestException, OSError, *away)) else ObjectsError
