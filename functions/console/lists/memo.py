"""A cache for reading cells, because columns say the same few things over and over. [pure]"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")
MOST_REMEMBERED = 10_000


class Memo(dict[K, T], Generic[K, T]):
    """memo[cell] is read(cell), worked out once for each of the first ten thousand cells."""

    def __init__(self, read: Callable[[K], T]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, cell: K) -> T:
        value = self._read(cell)
        if len(self) < MOST_REMEMBERED:
            self[cell] = value
        return value
