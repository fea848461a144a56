"""Environment variables as their settings are read from them. Each raises ValueError with what would be right."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from shared.outside import parse_origin

E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def origin(value: object) -> object:
    """scheme://host[:port] without a path."""
    return parse_origin(value) if isinstance(value, str) else value


def numbers(value: object) -> object:
    """E.164 numbers, comma or space between them."""
    if not isinstance(value, str):
        return value
    named = tuple(re.split(r"[,\s]+", value.strip()))
    wrong = sum(1 for number in named if not E164.fullmatch(number))
    if wrong:
        raise ValueError(f"{wrong} of {len(named)} are not E.164 numbers such as +12025550123")
    return named


def hosts(value: object) -> object:
    """Names of hosts, comma or space between them."""
    if not isinstance(value, str):
        return value
    named = tuple(re.split(r"[,\s]+", value.strip().lower()))
    if any(not re.fullmatch(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9])?|[0-9a-f:]+", host) for host in named):
        raise ValueError("must be names of hosts, without https:// and without a port")
    return named


def account_sid(value: object) -> object:
    """A Twilio account's SID."""
    if isinstance(value, str) and not re.fullmatch(r"\s*AC[0-9A-Za-z]+\s*", value):
        raise ValueError("must be an account SID, which starts with AC")
    return value


def instant(value: object) -> object:
    """An instant with its offset."""
    if not isinstance(value, str):
        return value
    try:
        read = datetime.fromisoformat(value.strip())
    except ValueError:
        read = None
    if read is None or read.utcoffset() is None:
        raise ValueError("must be an instant with an offset, such as 2026-11-23T10:00:00+05:30")
    return read


def store(value: object) -> object:
    """The address of a store."""
    if isinstance(value, str) and not re.fullmatch(r"sqlite:///.+|firestore://[^/?#]+(/[^/?#]*)?", value):
        raise ValueError("must be sqlite:///path or firestore://project/database")
    return value


def queue(value: object) -> object:
    """A Cloud Tasks queue."""
    if isinstance(value, str) and not re.fullmatch(r"\s*projects/[^/\s]+/locations/[^/\s]+/queues/[^/\s]+\s*", value):
        raise ValueError("must be projects/PROJECT/locations/REGION/queues/QUEUE")
    return value


def recordings(value: object) -> object:
    """Where recordings are."""
    if isinstance(value, str) and not re.fullmatch(r"file://.+|gs://[^/]+(/.*)?", value):
        raise ValueError("must be file://path or gs://bucket")
    return value


def readable_file(value: object) -> object:
    """A file that is there."""
    if isinstance(value, str) and not Path(value).is_file():
        raise ValueError("there is no such file")
    return value


def models(value: object) -> object:
    """Models, comma or space between them."""
    return tuple(re.split(r"[,\s]+", value.strip())) if isinstance(value, str) else value
