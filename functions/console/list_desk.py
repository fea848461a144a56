"""Reads lists in the background; when a process ends in the middle, another one takes its list up again.

On Cloud Run a process may lose its processor the moment a request is answered, and be ended without a word. So a list
that is being read carries a lease in its document, which its reader renews; whoever asks for the list and finds the
lease run out takes the reading up again from the file in the store. Rows are written under their numbers, so a second
reading writes the same ones.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Container, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from functions.console.lists.classify import Terms
from functions.console.lists.list_error import ListError
from functions.console.lists.load import begin_reading, load_list
from functions.console.lists.row_document import list_path
from functions.console.services import ConsoleServices
from functions.console.uploads import Uploads
from shared.domain.calling_rules import Purpose
from shared.domain.suppression import Suppression
from shared.store.change import change_document
from shared.store.store import Conflict, Document, NotFound, Remove, StoreError, Value

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
RENEW_EVERY_S = 8.0
MOST_TRIES = 5
"""A list at which so many readers died is not read again."""
AT_ONCE = 2
"""Lists read side by side in one process."""


class ListDesk:
    """Reads lists, one process's share of it."""

    def __init__(self, services: ConsoleServices) -> None:
        self._services = services
        self._store = services.store
        self._clock = services.clock
        self._uploads = Uploads(services)
        self._reading: dict[str, asyncio.Task[None]] = {}
        self._room = asyncio.Semaphore(AT_ONCE)

    async def begin(self, list_id: str, fields: Mapping[str, Value], *, last_only: bool = False) -> None:
        """Read a list, new or anew; the fields say from which uploads and on which terms."""
        token = self._services.new_id()
        job: dict[str, Value] = {"last_only": last_only, "tries": 1, "lease_until": self._clock.now() + LEASE}
        await begin_reading(self._store, list_id, token, {**fields, **job})
        self._start(list_id, token)

    async def take_up(self, document: Document) -> bool:
        """Go on with a list whose reader is gone; whether this process reads it now."""
        data: Mapping[str, Any] = document.data
        if data.get("status") != "reading" or self._is_held(data.get("lease_until")):
            return False
        token = self._services.new_id()
        tries = int(data.get("tries") or 0) + 1
        if tries > MOST_TRIES:
            await self._fail(document.id, str(data.get("reading")), _given_up())
            return False
        changes: dict[str, Value] = {"reading": token, "tries": tries, "lease_until": self._clock.now() + LEASE}
        try:
            await self._store.update(document.path, changes, expected=document.version)
        except (Conflict, NotFound):
            return False
        log.info("list is taken up again", extra={"list": document.id, "tries": tries})
        self._start(document.id, token)
        return True

    def _is_held(self, until: object) -> bool:
        """A lease that ends later than one can be given was written by a process on another clock."""
        now = self._clock.now()
        return isinstance(until, datetime) and now < until <= now + LEASE

    async def wait(self, list_id: str, most_s: float) -> None:
        """Until this process has read the list, or so long."""
        task = self._reading.get(list_id)
        if task is not None:
            await asyncio.wait([task], timeout=most_s)

    async def close(self) -> None:
        """Leave the rest to whoever asks next."""
        tasks = list(self._reading.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, list_id: str, token: str) -> None:
        task = asyncio.get_running_loop().create_task(self._read(list_id, token))
        self._reading[list_id] = task
        task.add_done_callback(lambda done: self._ended(list_id, done))

    def _ended(self, list_id: str, task: asyncio.Task[None]) -> None:
        if self._reading.get(list_id) is task:
            del self._reading[list_id]

    async def _read(self, list_id: str, token: str) -> None:
        renewing = asyncio.get_running_loop().create_task(self._renew(list_id, token))
        try:
            async with self._room:
                await self._load(list_id, token)
        except ListError as error:
            await self._fail(list_id, token, error)
        except Exception as error:  # whatever it is, the next one who asks finds the lease free
            log.error("list could not be read", extra={"list": list_id, "error": type(error).__name__})
            await self._change(list_id, token, {"lease_until": None})
        finally:
            renewing.cancel()

    async def _load(self, list_id: str, token: str) -> None:
        document = await self._store.get(list_path(list_id))
        if document is None or document.data.get("reading") != token:
            return
        data: Mapping[str, Any] = document.data
        purpose = Purpose(data["purpose"])
        terms = self.terms(data["country"], purpose, await self._suppressed(purpose))
        with TemporaryDirectory(prefix="parley-list-") as folder:
            source, *mended = await self._fetch([data["upload_id"], *data.get("mended", [])], Path(folder))
            await load_list(
                self._store,
                list_id,
                token,
                source,
                terms,
                mapping=data.get("wanted_mapping") or None,
                sheet=data.get("sheet"),
                mended=mended,
                last_only=bool(data.get("last_only")),
            )
        if data.get("last_only"):
            await self._undo_if_failed(list_id, token)

    def terms(self, country: str, purpose: Purpose, suppressed: Container[str] = ()) -> Terms:
        """What rows are measured against. suppressed: hashes of the numbers that must not be called."""
        return Terms(country, purpose, self._services.hash_number, suppressed.__contains__)

    async def _fetch(self, uploads: Sequence[str], folder: Path) -> list[Path]:
        files = []
        for number, upload_id in enumerate(uploads):
            files.append(folder / str(number))
            await self._uploads.fetch(upload_id, files[-1])
        return files

    async def _suppressed(self, purpose: Purpose) -> set[str]:
        """Whom nobody of this account may call for this purpose. All of them: a list asks for each of its numbers."""
        now = self._clock.now()
        barred: set[str] = set()
        cursor: str | None = None
        while True:
            page = await self._store.query("suppressions", limit=500, cursor=cursor)
            entries = (Suppression.from_document(one.data) for one in page.documents)
            barred.update(entry.id for entry in entries if entry.blocks("", purpose, now))
            cursor = page.next
            if cursor is None:
                return barred

    async def _undo_if_failed(self, list_id: str, token: str) -> None:
        """A mended file that cannot be read leaves the list as it was before: it is read again without that file."""
        document = await self._store.get(list_path(list_id))
        if document is None or document.data.get("reading") != token or document.data.get("status") != "failed":
            return
        mended: Any = document.data.get("mended", [])
        await self.begin(list_id, {"mended": mended[:-1], "mended_problem": document.data.get("problem")})

    async def _renew(self, list_id: str, token: str) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY_S)
            try:
                await self._change(list_id, token, {"lease_until": self._clock.now() + LEASE})
            except StoreError as error:
                log.warning("lease on a list was not renewed", extra={"list": list_id, "error": type(error).__name__})

    async def _fail(self, list_id: str, token: str, error: ListError) -> None:
        log.info("list refused", extra={"list": list_id, "code": error.code})
        await self._change(list_id, token, {"status": "failed", "problem": error.problem()})

    async def _change(self, list_id: str, token: str, changes: Mapping[str, Value]) -> None:
        def decide(document: Document) -> Mapping[str, Value | Remove] | None:
            return changes if document.data.get("reading") == token else None

        await change_document(self._store, list_path(list_id), decide)


def _given_up() -> ListError:
    return ListError("not_readable", "The list could not be read, several times over.", "Upload it again, or a copy.")
