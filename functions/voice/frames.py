"""WebSocket frames that are whole messages, cut out of the bytes of a connection. (RFC 6455, section 5.2)

Twilio and Gemini send nothing else, a hundred times a second and call: the library's parser, which knows all that
the protocol allows, costs ten times as much. Whatever is not a whole message or a short control frame is left to it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

try:
    from websockets.speedups import apply_mask
except ImportError:  # a Python without wheels
    from websockets.utils import apply_mask

TEXT: Final = 0x81
BINARY: Final = 0x82
"""First bytes: the last fragment (which makes it whole), no extension, opcode."""
CLOSE: Final = 0x88
_CONTROL: Final = frozenset({CLOSE, 0x89, 0x8A})
_MASKED: Final = 0x80


class Frame(NamedTuple):
    """One frame, and where it lies in the bytes."""

    head: int
    """Its first byte."""
    payload: bytes
    """Unmasked; empty for a control frame."""
    start: int
    end: int


class Cut(NamedTuple):
    """What was found."""

    frames: list[Frame]
    used: int
    """Bytes that make up the frames; the rest has to wait for more."""
    odd: bool
    """What follows is not for us: the library has to go on from there."""


def cut(data: bytes, *, masked: bool, most: int) -> Cut:
    """The frames at the beginning of the data. masked: as a client has to; most: bytes of a message."""
    frames: list[Frame] = []
    at, size = 0, len(data)
    while size - at >= 2:
        head, length = data[at], data[at + 1]
        start = at + 2
        if (head != TEXT and head != BINARY and head not in _CONTROL) or (length >= _MASKED) is not masked:
            return Cut(frames, at, odd=True)
        length &= 0x7F
        if length > 125:
            width = 2 if length == 126 else 8
            if size < start + width:
                break
            length = int.from_bytes(data[start : start + width], "big")
            start += width
            if head in _CONTROL:
                return Cut(frames, at, odd=True)
        if length > most:
            return Cut(frames, at, odd=True)
        if masked:
            start += 4
        end = start + length
        if end > size:
            break
        payload = b"" if head in _CONTROL else data[start:end]
        if masked and payload:
            payload = apply_mask(payload, data[start - 4 : start])
        frames.append(Frame(head, payload, at, end))
        at = end
    return Cut(frames, at, odd=False)


def only(data: bytes, head: int, *, masked: bool, most: int) -> bytes | None:
    """The payload, where the data is one frame with this head, of 126 to 65,535 bytes, and nothing else.

    Nearly all that comes is: cut() says the same at five times the cost.
    """
    if len(data) < 130 or data[0] != head or data[1] != (0xFE if masked else 126):
        return None
    length = data[2] << 8 | data[3]
    start = 8 if masked else 4
    if len(data) != start + length or length > most:
        return None
    return apply_mask(data[8:], data[4:8]) if masked else data[4:]


def whole(head: int, payload: bytes, mask: bytes = b"") -> bytes:
    """A frame that is a whole message; with a mask of four bytes, as a client has to send it."""
    bit = _MASKED if mask else 0
    size = len(payload)
    if size < 126:
        start = bytes((head, bit | size))
    elif size < 1 << 16:
        start = bytes((head, bit | 126, size >> 8, size & 0xFF))
    else:
        start = bytes((head, bit | 127)) + size.to_bytes(8, "big")
    return start + mask + apply_mask(payload, mask) if mask else start + payload
