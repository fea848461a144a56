"""The suppression list in the store: entries only ever grow stricter, except by a person's hand."""

from __future__ import annotations

from shared.domain.suppression import Suppression, suppression_path
from shared.store.change import change_document
from shared.store.store import AlreadyExists, Store


async def suppress(store: Store, entry: Suppression) -> Suppression:
    """Put a number on the list, at once and for every campaign that reads it; merges with an entry that is there."""
    path = suppression_path(entry.id)
    try:
        await store.create(path, entry.to_document())
        return entry
    except AlreadyExists:
        document = await change_document(
            store, path, lambda found: Suppression.from_document(found.data).merged(entry).to_document()
        )
        return Suppression.from_document(document.data)


async def suppression_of(store: Store, contact_id: str) -> Suppression | None:
    """The number's entry."""
    document = await store.get(suppression_path(contact_id))
    return None if document is None else Suppression.from_document(document.data)
