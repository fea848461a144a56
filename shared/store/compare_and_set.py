"""Read, decide, write if nobody wrote in between, else again: how shared documents are changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from shared.store.store import Conflict, Document, NotFound, Remove, Store, Value

MOST_TRIES = 20
STEP_S = 0.01

Changes = Mapping[str, Value | Remove]


async def change(store: Store, path: str, decide: Callable[[Document], Changes | None]) -> Document:
    """Change a document by what it holds; None leaves it. Raises NotFound, Conflict after many tries, and
    whatever decide raises."""
    for tries in range(MOST_TRIES):
        document = await store.get(path)
        if document is None:
            raise NotFound
        changes = decide(document)
        if changes is None:
            return document
        try:
            return await store.update(path, changes, expected=document.version)
        except Conflict:
            await asyncio.sleep(STEP_S * tries)
    raise Conflict
