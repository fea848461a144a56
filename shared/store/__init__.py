"""Where Parley keeps its records: open_store() chooses the database, everything else speaks to the port."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from shared.store.store import Store

FORMS = (
    "sqlite:///var/parley.db (a file, relative to where the process runs), sqlite:////srv/parley.db (absolute), "
    "sqlite:///:memory:, or firestore://PROJECT/DATABASE (DATABASE may be left out)"
)


def open_store(url: str, *, deadline_s: float | None = None) -> Store:
    """The store at this address; nothing is reached until it is used. Raises ValueError for any other address.

    FIRESTORE_EMULATOR_HOST, where set, stands in for Firestore. A call that has had no answer for `deadline_s` raises
    StoreUnavailable; each adapter has its own default.
    """
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    path = unquote(path)
    if "?" in rest or "#" in rest:
        raise ValueError(f"a store's address has no query: {FORMS}")
    if scheme == "sqlite" and not host and path and not path.endswith("/"):
        from shared.store import sqlite

        file = None if path == ":memory:" else Path(path)
        return sqlite.SqliteStore(file, deadline_s=deadline_s or sqlite.DEADLINE_S)
    if scheme == "firestore" and host and "/" not in path:
        from shared.store import firestore

        return firestore.FirestoreStore(host, path or "(default)", deadline_s=deadline_s or firestore.DEADLINE_S)
    raise ValueError(f"a store's address is one of: {FORMS}")


__all__ = ["open_store"]
