"""Recordings are kept for as long as their agent says, and not a day longer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from functions.campaigns.beat import beat
from functions.campaigns.retention import delete_overdue
from shared.domain.recording import delete_at, folder_of, part_name, wav_name
from shared.objects.folder import FolderObjects
from shared.objects.objects import ObjectsUnavailable
from tests.campaigns.office import Office

pytestmark = pytest.mark.virtual_time

BEGUN = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


def kept(objects: FolderObjects, sid: str, days: int) -> str:
    """A recording of this many days' retention."""
    folder = folder_of(sid, delete_at(BEGUN, days))
    for name in (wav_name(folder, 1), part_name(folder, 2, 0)):
        objects.put(name, b"x", content_type="audio/wav")
    return folder


def office_with(objects: FolderObjects) -> Office:
    """On Monday, the 23rd of November."""
    office = Office()
    office.services = replace(office.services, objects=objects)
    return office


async def test_what_is_due_goes_and_the_rest_stays(tmp_path: Path) -> None:
    objects = FolderObjects(tmp_path)
    office = office_with(objects)
    kept(objects, "CA1", 1)
    kept(objects, "CA2", 2)
    stays = kept(objects, "CA3", 3)
    objects.put("greetings/tara/1.ulaw", b"x", content_type="audio/basic")
    await beat(office.services)
    assert [one.name for one in objects.named("")] == [
        wav_name(stays, 1),
        part_name(stays, 2, 0),
        "greetings/tara/1.ulaw",
    ]
    assert await delete_overdue(office.services) == 0


async def test_it_is_done_once_a_day_and_made_up_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    objects = FolderObjects(tmp_path)
    office = office_with(objects)

    def away() -> list[str]:
        raise ObjectsUnavailable

    kept(objects, "CA1", 1)
    with monkeypatch.context() as trouble:
        trouble.setattr(objects, "folders", away)
        assert await delete_overdue(office.services) == 0
    assert await delete_overdue(office.services) == 2
    kept(objects, "CA2", 1)
    assert await delete_overdue(office.services) == 0, "today it was done"


async def test_an_office_without_recordings_has_nothing_to_delete() -> None:
    assert await delete_overdue(Office().services) == 0
