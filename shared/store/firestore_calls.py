"""Calls to Firestore that end by a deadline, and what a lost answer to a write means.

A read is asked again until the deadline. A write whose answer was lost may or may not have happened, so it is sent
again only if it cannot apply twice: if some document in it must be new (Create) or at an expected version (Update).
That document is the commit's guard. Every commit leaves its own random mark in each document it writes, and when the
second sending is refused, the guard tells:

    it carries our mark                       the first sending had arrived: success
    it is as another writer made it           it never was ours: AlreadyExists
    anything else                             nobody can tell any more: StoreUnavailable

Without a guard a lost answer is StoreUnavailable at once; only the caller knows whether writing twice is harmless.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar

from google.api_core import exceptions as google
from google.auth.exceptions import GoogleAuthError

from shared.store.documents import OWN_FIELD
from shared.store.store import (
    AlreadyExists,
    BadDocument,
    Conflict,
    Create,
    Delete,
    NotFound,
    StoreError,
    StoreUnavailable,
    Update,
    Write,
)

T = TypeVar("T")

FIRST_PAUSE_S = 0.05
MOST_PAUSE_S = 1.0

LOST = (google.ServerError, google.TooManyRequests, google.Cancelled, google.Unknown, GoogleAuthError)
"""No answer, or one that does not say whether the write happened."""


@dataclass(slots=True)
class Patience:
    """How long one call may still go on, and the growing, jittered pauses between its tries."""

    ends_at: float
    random: Random
    pause_s: float = FIRST_PAUSE_S

    @property
    def left_s(self) -> float:
        """Until the deadline; never quite zero, which gRPC would take for no deadline at all."""
        return max(0.001, self.ends_at - asyncio.get_running_loop().time())

    async def pause(self, cause: Exception) -> None:
        """Wait before the next try. Raises StoreUnavailable if there is no time for one."""
        pause_s = self.pause_s * self.random.uniform(0.5, 1.0)
        if pause_s >= self.left_s:
            raise StoreUnavailable(f"Firestore did not answer in time ({_code(cause)})") from None
        self.pause_s = min(self.pause_s * 2, MOST_PAUSE_S)
        await asyncio.sleep(pause_s)


async def read(call: Callable[[float], Awaitable[T]], patience: Patience) -> T:
    """What call(time-out in seconds) answers, asked until it does. Raises StoreUnavailable, StoreError."""
    while True:
        try:
            return await call(patience.left_s)
        except (*LOST, google.Aborted) as error:
            await patience.pause(error)
        except google.GoogleAPICallError as error:
            raise _fault(error) from None


@dataclass(frozen=True, slots=True)
class Commit:
    """Writes on their way to Firestore together."""

    batch: Any
    """The client's batch with these writes in it."""
    writes: Sequence[Write]
    mark: str
    snapshot: Callable[[str, float], Awaitable[Any]]
    """Reads the document at a path within so many seconds."""

    async def send(self, patience: Patience) -> list[Any]:
        """When each document was written. Raises the port's errors."""
        guard = next(filter(_is_guard, self.writes), None)
        lost: Exception | None = None
        while True:
            try:
                results = await self.batch.commit(retry=None, timeout=patience.left_s)
                return [one.update_time for one in results]
            except google.Aborted as error:  # surely not written: too many wanted the same document
                if lost is None and any(_expects(write) for write in self.writes):
                    raise Conflict("the document is being changed by others") from None
                await patience.pause(error)
            except LOST as error:
                if guard is None:
                    raise StoreUnavailable(f"whether the write happened is unknown ({_code(error)})") from None
                lost = error
                await patience.pause(error)
            except google.GoogleAPICallError as error:
                if lost is None or guard is None:
                    raise self._refusal(error) from None
                return await self._settle(guard, error, patience)

    async def _settle(self, guard: Write, refused: google.GoogleAPICallError, patience: Patience) -> list[Any]:
        found = await read(lambda timeout_s: self.snapshot(guard.path, timeout_s), patience)
        if found.exists and found.to_dict().get(OWN_FIELD) == self.mark:
            return [found.update_time for _ in self.writes]
        untouched = found.exists and found.create_time == found.update_time
        if isinstance(guard, Create) and untouched and isinstance(refused, google.AlreadyExists):
            raise self._refusal(refused)
        raise StoreUnavailable("whether the write happened is unknown: its document has changed since")

    def _refusal(self, error: google.GoogleAPICallError) -> StoreError:
        if isinstance(error, google.AlreadyExists):
            return AlreadyExists("a document with this path exists already")
        if isinstance(error, google.FailedPrecondition):
            return Conflict("the document has changed or gone since it was read")
        if isinstance(error, google.NotFound):
            changes = [write for write in self.writes if isinstance(write, Update)]
            if changes and all(map(_expects, changes)):
                return Conflict("the document has gone since it was read")
            if changes:
                return NotFound("there is no document at this path")
        return _fault(error)


def _is_guard(write: Write) -> bool:
    return isinstance(write, Create) or (isinstance(write, Update) and write.expected is not None)


def _expects(write: Write) -> bool:
    return isinstance(write, Update | Delete) and write.expected is not None


def _fault(error: google.GoogleAPICallError) -> StoreError:
    """What Firestore refuses for good. Its own words stay out: they may quote values."""
    if isinstance(error, google.BadRequest):
        return BadDocument(f"Firestore does not take this ({_code(error)})")
    return StoreError(f"Firestore refuses the call ({_code(error)})")


def _code(error: Exception) -> str:
    return type(error).__name__
