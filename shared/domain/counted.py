"""How many, in words that people read: 1 row, 2 rows. [pure]"""

from __future__ import annotations


def counted(count: int, one: str, many: str | None = None) -> str:
    """The number and the word for it: 1 row, 1,234 rows. many: where it is not `one` with an s."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(things: list[str]) -> str:
    """Things one after the other: 2, 3 and 5."""
    return " and ".join(filter(None, (", ".join(things[:-1]), *things[-1:])))
