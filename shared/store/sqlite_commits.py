"""Commits that wait for the disk together.

A commit costs one wait for the disk, which on a laptop takes some milliseconds. Batches that arrive while the disk is
busy share the next wait: each stands between two savepoints of one transaction, so that one of them can fail alone.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from shared.store.sqlite_file import transaction, translated
from shared.store.sqlite_writes import Prepared, Written, perform
from shared.store.store import StoreError

MOST_TOGETHER = 200
"""Writes that share a transaction; a larger batch has one to itself."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A batch that is not on the disk yet."""

    writes: Sequence[Prepared]
    outcome: Future[list[Written]] = field(default_factory=Future)


class CommitQueue:
    """Batches of one process on their way to the disk, first come first served."""

    def __init__(self) -> None:
        self._waiting: deque[Waiting] = deque()

    def add(self, writes: Sequence[Prepared]) -> Future[list[Written]]:
        """Queue a batch; what each of its writes left, once some commit() has taken it."""
        waiting = Waiting(writes)
        self._waiting.append(waiting)
        return waiting.outcome

    def commit(self, connection: sqlite3.Connection) -> None:
        """Write the batches that wait; more than MOST_TOGETHER are left for the next time."""
        batches = self._next()
        if not batches:
            return
        outcomes: list[list[Written] | StoreError]
        try:
            with translated(), transaction(connection):
                # A savepoint has SQLite copy every page before it changes: too dear for a large batch alone.
                outcomes = [perform(connection, batches[0].writes)] if len(batches) == 1 else _each(connection, batches)
        except StoreError as error:
            outcomes = [type(error)(*error.args) for _ in batches]
        for one, outcome in zip(batches, outcomes, strict=True):
            if isinstance(outcome, StoreError):
                one.outcome.set_exception(outcome)
            else:
                one.outcome.set_result(outcome)

    def _next(self) -> list[Waiting]:
        batches: list[Waiting] = []
        size = 0
        while self._waiting and (not batches or size + len(self._waiting[0].writes) <= MOST_TOGETHER):
            one = self._waiting.popleft()
            if one.outcome.set_running_or_notify_cancel():
                batches.append(one)
                size += len(one.writes)
        return batches


def _each(connection: sqlite3.Connection, batches: Sequence[Waiting]) -> list[list[Written] | StoreError]:
    outcomes: list[list[Written] | StoreError] = []
    for one in batches:
        connection.execute("SAVEPOINT batch")
        try:
            outcomes.append(perform(connection, one.writes))
        except StoreError as error:
            outcomes.append(error)
            connection.execute("ROLLBACK TO batch")
        connection.execute("RELEASE batch")
    return outcomes
