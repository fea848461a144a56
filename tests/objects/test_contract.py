"""What an object store promises, held by a folder and by Cloud Storage (the SDK against an emulator)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.objects import open_objects
from shared.objects.cloud_storage import CloudObjects
from shared.objects.folder import FolderObjects
from shared.objects.objects import BadName, NoSuchObject, Objects, Stored, checked
from tests.objects.bucket import BUCKET, cloud_storage

LATER = datetime(2027, 2, 26, tzinfo=UTC)


@pytest.fixture(params=["folder", "bucket", "folder in a bucket"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Objects]:
    """Every kind in turn, empty."""
    if request.param == "folder":
        yield open_objects(f"file://{tmp_path}/recordings")
        return
    with cloud_storage():
        yield open_objects(f"gs://{BUCKET}" + ("/calls" if request.param == "folder in a bucket" else ""))


def put(objects: Objects, name: str, data: bytes) -> None:
    objects.put(name, data, content_type="audio/basic", delete_at=LATER)


def test_what_was_put_is_read_whole_or_in_part(objects: Objects) -> None:
    put(objects, "a/CA1/1.00000.ulaw", b"0123456789")
    assert objects.read("a/CA1/1.00000.ulaw") == b"0123456789"
    assert objects.read("a/CA1/1.00000.ulaw", 3, 4) == b"3456"
    assert objects.read("a/CA1/1.00000.ulaw", 8, 100) == b"89"
    assert objects.read("a/CA1/1.00000.ulaw", 100, 5) == b""
    assert objects.read("a/CA1/1.00000.ulaw", 2, 0) == b""


def test_a_later_put_replaces_an_earlier_one(objects: Objects) -> None:
    put(objects, "one", b"first and longer")
    put(objects, "one", b"second")
    assert objects.read("one") == b"second"


def test_what_is_not_there_is_said_so(objects: Objects) -> None:
    with pytest.raises(NoSuchObject):
        objects.read("nothing/here")
    with pytest.raises(NoSuchObject):
        objects.join("whole", ["nothing/here"], content_type="audio/wav")
    assert objects.named("nothing") == []
    assert objects.folders() == []
    objects.delete(["nothing/here"])


@pytest.mark.parametrize("parts", [1, 32, 33, 70])
def test_parts_are_joined_in_order(objects: Objects, parts: int) -> None:
    names = [f"day/CA1/1.{number:05d}.ulaw" for number in range(parts)]
    for number, name in enumerate(names):
        put(objects, name, bytes([number]) * 3)
    objects.join("day/CA1/1.wav", names, content_type="audio/wav", delete_at=LATER)
    assert objects.read("day/CA1/1.wav") == b"".join(bytes([number]) * 3 for number in range(parts))
    assert [one.name for one in objects.named("day/")] == [*names, "day/CA1/1.wav"]


def test_names_are_listed_by_prefix_and_folders_by_their_first_part(objects: Objects) -> None:
    for name in ("2027-01-01/CA1/1.wav", "2027-01-01/CA10/1.wav", "2027-02-01/CA2/1.wav", "top"):
        put(objects, name, b"xy")
    assert objects.named("2027-01-01/CA1/") == [Stored("2027-01-01/CA1/1.wav", 2)]
    assert [one.name for one in objects.named("2027-01-01/CA1")] == ["2027-01-01/CA1/1.wav", "2027-01-01/CA10/1.wav"]
    assert objects.folders() == ["2027-01-01", "2027-02-01"]


def test_what_is_deleted_is_gone_and_the_rest_stays(objects: Objects) -> None:
    for name in ("day/CA1/1.wav", "day/CA2/1.wav"):
        put(objects, name, b"x")
    objects.delete(["day/CA1/1.wav"])
    objects.delete(["day/CA1/1.wav"])
    assert [one.name for one in objects.named("")] == ["day/CA2/1.wav"]
    objects.delete(["day/CA2/1.wav"])
    assert objects.folders() == []


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../x", "a/../x", "a//b", ".half-1", "a b", "a\n", "ä", "a/"])
def test_a_name_that_leads_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadName):
        put(FolderObjects(tmp_path), name, b"")
    with pytest.raises(BadName):
        put(CloudObjects("never-asked"), name, b"")


@given(st.text(max_size=40))
def test_no_name_leaves_the_folder(name: str) -> None:
    try:
        inside = Path("/folder") / checked(name)
    except BadName:
        return
    assert inside.is_relative_to("/folder")
    assert ".." not in inside.parts


@pytest.mark.parametrize("url", ["s3://bucket", "file://", "gs://", "recordings"])
def test_another_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="gs://bucket"):
        open_objects(url)
