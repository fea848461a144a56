"""The object port: sound that is too big for a document, kept by name, written once and read in parts.

A name is a relative path of plain parts (``2027-02-26/CA1/1.wav``). Two adapters serve it, a folder on a laptop and
Cloud Storage in the cloud; one contract suite holds both to the words below. Every verb blocks for at most the
adapter's time-out and is safe in any thread: an event loop calls them in one.

ObjectsError
├── NoSuchObject        there is none of this name
├── BadName             a name that is no relative path of plain parts
└── ObjectsUnavailable  the store could not be reached in time; whether a write happened is unknown
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*")
MOST_NAME_CHARS = 500


class ObjectsError(Exception):
    """The object store could not do what was asked."""


class NoSuchObject(ObjectsError):
    """There is no object of this name."""


class BadName(ObjectsError):
    """An object's name is a relative path of letters, digits, dots, dashes and underscores."""


class ObjectsUnavailable(ObjectsError):
    """The object store did not do it in time; a write may or may not have happened."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An object that is there."""

    name: str
    size: int
    """Bytes."""


class Objects(Protocol):
    """A place for objects."""

    @property
    def url(self) -> str:
        """Where this is, for people: file:///… or gs://…"""
        ...

    def put(self, name: str, data: bytes, *, content_type: str, delete_at: datetime | None = None) -> None:
        """Write an object whole, over an earlier one. From delete_at on the store may delete it by itself."""
        ...

    def join(self, name: str, parts: Sequence[str], *, content_type: str, delete_at: datetime | None = None) -> None:
        """Write an object that is these others one behind the other; it appears when it is whole.

        Raises NoSuchObject when a part is missing.
        """
        ...

    def read(self, name: str, start: int = 0, size: int | None = None) -> bytes:
        """So many bytes from there, fewer where the object ends. Raises NoSuchObject."""
        ...

    def named(self, prefix: str) -> list[Stored]:
        """Every object whose name begins so, by name."""
        ...

    def folders(self) -> list[str]:
        """The first parts of the names that have more than one, in order."""
        ...

    def delete(self, names: Sequence[str]) -> None:
        """Take these away; those that are not there are no error."""
        ...


def checked(name: str) -> str:
    """The name, if it is one. Raises BadName."""
    if len(name) > MOST_NAME_CHARS or not _NAME.fullmatch(name):
        raise BadName
    return name
