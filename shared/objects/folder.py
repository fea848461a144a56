"""Objects as files in a folder: a laptop's. A file appears under its name when it is whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from shared.objects.objects import NoSuchObject, Objects, ObjectsUnavailable, Stored, checked

HALF_WRITTEN = ".half-"
"""No name begins with a dot, so none of these is an object."""


class FolderObjects(Objects):
    """One folder, made when something is put into it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def url(self) -> str:
        """file:///…"""
        return self._folder.absolute().as_uri()

    def put(self, name: str, data: bytes, *, content_type: str, delete_at: datetime | None = None) -> None:
        """Write a file. Content type and deletion are nobody's business in a folder: whoever reads knows, a sweep
        deletes."""
        del content_type, delete_at
        with self._whole(name) as file:
            file.write(data)

    def join(self, name: str, parts: Sequence[str], *, content_type: str, delete_at: datetime | None = None) -> None:
        """Copy the parts into a file."""
        del content_type, delete_at
        with self._whole(name) as file:
            for part in parts:
                with self._path(part).open("rb") as source:
                    shutil.copyfileobj(source, file)

    @contextmanager
    def _whole(self, name: str) -> Iterator[IO[bytes]]:
        path = self._path(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=HALF_WRITTEN, delete=False) as file:
                try:
                    yield file
                    file.flush()
                    os.replace(file.name, path)
                except BaseException:
                    Path(file.name).unlink(missing_ok=True)
                    raise
        except FileNotFoundError:
            raise NoSuchObject from None
        except OSError as error:
            raise ObjectsUnavailable(f"the folder does not take it ({error.strerror})") from None

    def read(self, name: str, start: int = 0, size: int | None = None) -> bytes:
        """Part of a file."""
        try:
            with self._path(name).open("rb") as file:
                file.seek(start)
                return file.read(-1 if size is None else size)
        except FileNotFoundError:
            raise NoSuchObject from None
        except OSError as error:
            raise ObjectsUnavailable(f"the folder does not give it ({error.strerror})") from None

    def named(self, prefix: str) -> list[Stored]:
        """Files below the folder that the prefix ends in."""
        below = self._folder / prefix.rpartition("/")[0]
        try:
            found = [(path.relative_to(self._folder).as_posix(), path.stat().st_size) for path in _files(below)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ObjectsUnavailable(f"the folder cannot be listed ({error.strerror})") from None
        return [Stored(name, size) for name, size in sorted(found) if name.startswith(prefix)]

    def folders(self) -> list[str]:
        """Folders in the folder."""
        try:
            return sorted(path.name for path in self._folder.iterdir() if path.is_dir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ObjectsUnavailable(f"the folder cannot be listed ({error.strerror})") from None

    def delete(self, names: Sequence[str]) -> None:
        """Unlink the files, and the folders that this leaves empty."""
        try:
            for path in map(self._path, names):
                path.unlink(missing_ok=True)
                self._without_empty(path.parent)
        except OSError as error:
            raise ObjectsUnavailable(f"the folder does not let it go ({error.strerror})") from None

    def _without_empty(self, folder: Path) -> None:
        """Take away this folder and those above it as far as they are empty."""
        while folder != self._folder:
            try:
                folder.rmdir()
            except OSError:  # there is something in it, or another thread, deleting beside this one, was faster
                return
            folder = folder.parent

    def _path(self, name: str) -> Path:
        return self._folder / checked(name)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(HALF_WRITTEN))
