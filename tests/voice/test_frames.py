"""The short way through WebSocket frames, held against the library it goes around."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from websockets.frames import Frame as LibraryFrame
from websockets.frames import Opcode

from functions.voice.frames import BINARY, CLOSE, TEXT, cut, only, whole

pytestmark = pytest.mark.portable

MOST = 1 << 20
payloads = st.binary(max_size=300) | st.sampled_from([125, 126, 127, 65_535, 65_536, 70_000]).map(bytes)


def library(opcode: Opcode, payload: bytes, *, mask: bool, fin: bool = True) -> bytes:
    return bytes(LibraryFrame(opcode, payload, fin).serialize(mask=mask))


@given(st.lists(payloads, max_size=5), st.booleans(), st.lists(st.integers(1, 4000), max_size=30))
@example([b"", b"a"], True, [1, 1, 1, 1, 1, 1])
@example([bytes(65_536)], False, [2, 5, 3])
def test_messages_come_out_whole_however_the_network_cuts_them(
    messages: list[bytes], masked: bool, cuts: list[int]
) -> None:
    stream = b"".join(library(Opcode.BINARY, message, mask=masked) for message in messages)
    read, rest = [], b""
    while stream:
        size = cuts.pop() if cuts else len(stream)
        rest, stream = rest + stream[:size], stream[size:]
        frames, used, odd = cut(rest, masked=masked, most=MOST)
        assert not odd
        read += [frame.payload for frame in frames]
        rest = rest[used:]
    assert (read, rest) == (messages, b"")


@given(payloads, st.none() | st.binary(min_size=4, max_size=4))
def test_what_is_written_is_what_the_library_writes(payload: bytes, mask: bytes | None) -> None:
    if mask is None:
        assert whole(TEXT, payload) == library(Opcode.TEXT, payload, mask=False)
        return
    frame = whole(TEXT, payload, mask)
    assert len(frame) == len(library(Opcode.TEXT, payload, mask=True))
    assert [one.payload for one in cut(frame, masked=True, most=MOST).frames] == [payload]


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_at_all_are_cut_or_left(data: bytes, masked: bool) -> None:
    frames, used, _ = cut(data, masked=masked, most=MOST)
    assert 0 <= used <= len(data)
    assert all(frame.head in (TEXT, BINARY) or frame.head >= CLOSE for frame in frames)


@pytest.mark.parametrize(
    "frame",
    [
        library(Opcode.TEXT, b"half", mask=True, fin=False),
        library(Opcode.CONT, b"half", mask=True),
        library(Opcode.TEXT, b"unmasked", mask=False),
        bytes([0xC1, 0x81]) + b"abcdx",  # an extension's bit
        bytes([0x83, 0x81]) + b"abcdx",  # an opcode that nobody has given a meaning
        bytes([0x89, 0xFE, 0, 126]) + b"abcd" + bytes(126),  # a ping that is too long
        library(Opcode.TEXT, bytes(MOST + 1), mask=True),
        bytes([0x81, 0xFF]) + b"\xff" * 8,  # a length beyond all measure, announced
    ],
    # Masks are random, and the workers of a test run must agree on names.
    ids=["begun", "continued", "unmasked", "extension", "opcode", "long ping", "too long", "immeasurable"],
)
def test_what_is_odd_is_left_to_the_library(frame: bytes) -> None:
    before = library(Opcode.TEXT, b"before", mask=True)
    frames, used, odd = cut(before + frame, masked=True, most=MOST)
    assert ([one.payload for one in frames], used, odd) == ([b"before"], len(before), True)


@given(
    st.sampled_from([0, 1, 125, 126, 127, 300, 65_535, 65_536]).map(bytes),
    st.sampled_from([Opcode.TEXT, Opcode.BINARY, Opcode.CONT]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([b"", b"\x81", b"more of it"]),
    st.integers(0, 3),
)
def test_one_frame_alone_is_what_is_cut_out(
    payload: bytes, opcode: Opcode, mask: bool, fin: bool, behind: bytes, missing: int
) -> None:
    data = library(opcode, payload, mask=mask, fin=fin) + behind
    data = data[: len(data) - missing]
    for masked in (True, False):
        for head in (TEXT, BINARY):
            found = only(data, head, masked=masked, most=65_000)
            frames, used, odd = cut(data, masked=masked, most=65_000)
            if found is not None:
                assert [(frame.head, frame.payload) for frame in frames] == [(head, found)]
                assert (used, odd) == (len(data), False)
            elif len(frames) == 1 and used == len(data) and frames[0].head == head:
                assert len(frames[0].payload) < 126
