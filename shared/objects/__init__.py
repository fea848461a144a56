"""Where Parley keeps sound: open_objects() chooses the place, everything else speaks to the port."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from shared.objects.objects import Objects


def open_objects(url: str) -> Objects:
    """The object store at this address; nothing is reached until it is used. Raises ValueError for any other address.

    file://folder is relative to where the process runs, file:///folder absolute; gs://bucket[/folder] is Cloud
    Storage, or the emulator that STORAGE_EMULATOR_HOST names.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "file" and rest.strip("/"):
        from shared.objects.folder import FolderObjects

        return FolderObjects(Path(unquote(rest)))
    bucket, _, folder = rest.partition("/")
    if scheme == "gs" and bucket:
        from shared.objects.cloud_storage import CloudObjects

        return CloudObjects(bucket, folder.strip("/"))
    raise ValueError("an object store's address is file://folder or gs://bucket[/folder]")


__all__ = ["open_objects"]
