"""The records of an uploaded file, whichever kind it is: numbered rows of text cells, streamed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from functions.console.lists.delimited import DelimitedRecords, sniff_delimiter
from functions.console.lists.encoding import error_rule, text_encoding
from functions.console.lists.list_error import ListError
from functions.console.lists.workbook import Workbook

HEAD_BYTES = 1 << 16
_OTHER_KINDS = (
    (b"%PDF", "a PDF"),
    (b"\xd0\xcf\x11\xe0", "an old or password-protected Excel file"),
    (b"\x1f\x8b", "a compressed file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"Rar!", "a compressed file"),
    (b"7z\xbc\xaf", "a compressed file"),
    (b"PAR1", "a Parquet file"),
)


class Records:
    """An uploaded file, opened. Iterating gives (row number as a spreadsheet shows it, cells).

    source: a path, or a binary stream that can seek. Raises ListError when it is no list at all.
    """

    def __init__(self, source: Path | BinaryIO, *, sheet: str | None = None) -> None:
        self._owned = source.open("rb") if isinstance(source, Path) else None
        self._stream: BinaryIO = self._owned or source  # type: ignore[assignment]
        self._text: io.TextIOWrapper | None = None
        self._workbook: Workbook | None = None
        self._delimited: DelimitedRecords | None = None
        self._bytes = self._stream.seek(0, io.SEEK_END)
        self._stream.seek(0)
        try:
            self._open(self._stream.read(HEAD_BYTES), sheet)
        except BaseException:
            self.close()
            raise

    def _open(self, head: bytes, sheet: str | None) -> None:
        if not head.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
            raise ListError("empty_file", "The file is empty.", "Upload a list with a header and at least one row.")
        for start, kind in _OTHER_KINDS:
            if head.startswith(start):
                raise ListError("not_a_list", f"This is {kind}, not a list.", "Save the list as .xlsx or CSV UTF-8.")
        if head.startswith(b"PK\x03\x04"):
            self._workbook = Workbook(self._stream, sheet)
            return
        encoding = text_encoding(head)
        sample = head.decode(encoding, error_rule(encoding))
        self._stream.seek(0)
        self._text = io.TextIOWrapper(self._stream, encoding, error_rule(encoding), newline="")
        self._delimited = DelimitedRecords(self._text, sniff_delimiter(sample))

    @property
    def format(self) -> dict[str, str]:
        """What the file turned out to be, for people: kind, and encoding and delimiter or sheet."""
        if self._workbook:
            return {"kind": "xlsx", "sheet": self._workbook.sheet}
        assert self._text is not None
        assert self._delimited is not None
        return {"kind": "text", "encoding": self._text.encoding, "delimiter": self._delimited.delimiter}

    @property
    def other_sheets(self) -> tuple[str, ...]:
        """Visible sheets that are not read."""
        return self._workbook.other_sheets if self._workbook else ()

    @property
    def open_quotes(self) -> list[int]:
        """Numbers of the rows that had a quote opened and not closed."""
        return self._delimited.open_quotes if self._delimited else []

    @property
    def read_share(self) -> float:
        """How much of the file has been read, from 0 to 1."""
        return min(1.0, self._stream.tell() / max(1, self._bytes)) if self._delimited else 0.0

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        return self._workbook.rows() if self._workbook else iter(self._delimited or ())

    def close(self) -> None:
        """Let go of the file; a stream that was passed in stays open."""
        if self._text is not None:
            self._text.detach()
            self._text = None
        if self._owned is not None:
            self._owned.close()

    def __enter__(self) -> Records:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
