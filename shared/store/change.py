"""Changes a document: reads, decides, writes, and starts again when somebody else wrote first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from random import Random

from shared.store.store import Conflict, Document, NotFound, Remove, Store, Update, Value, Write

FIRST_PAUSE_S = 0.005
MOST_PAUSE_S = 0.5

Decide = Callable[[Document], Mapping[str, Value | Remove] | None]
"""The changes to a document as it is now; None to leave it alone. Called once for every try."""
Also = Callable[[Document], Sequence[Write]]
"""What is to be written elsewhere in the same breath, asked after Decide with the document as it was."""


async def change_document(
    store: Store,
    path: str,
    decide: Decide,
    *,
    also: Also | None = None,
    random: Random | None = None,
    most_tries: int = 30,
) -> Document:
    """The document after what `decide` wanted has been done to exactly the state it saw; as it was where `also` wrote
    something besides.

    Raises NotFound, and Conflict when others were faster every time.
    """
    random = random or Random()
    pause_s = FIRST_PAUSE_S
    for _ in range(most_tries):
        document = await store.get(path)
        if document is None:
            raise NotFound("there is no document at this path")
        changes = decide(document)
        if changes is None:
            return document
        more = also(document) if also is not None else ()
        try:
            if not more:
                return await store.update(path, changes, expected=document.version)
            await store.batch([Update(path, changes, document.version), *more])
            return document
        except Conflict:
            # Jittered, or those who met once would meet again.
            await asyncio.sleep(random.uniform(0, pause_s))
            pause_s = min(pause_s * 2, MOST_PAUSE_S)
    raise Conflict("others changed the document first, every time")
