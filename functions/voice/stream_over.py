"""The exception that ends a stream, raised from anywhere in it."""

from __future__ import annotations

from shared.domain.call import Ending


class StreamOver(Exception):
    """The stream is to end now."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(str(ending))
        self.ending = ending
