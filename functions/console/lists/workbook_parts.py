"""The inside of an .xlsx: which sheets there are, where their cells and shared strings lie, which styles are dates."""

from __future__ import annotations

import lzma
import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from xml.parsers import expat

from functions.console.lists.list_error import ListError

BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    expat.ExpatError,
    EOFError,
    IndexError,
    KeyError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)
"""What the zip and XML readers raise on a damaged, encrypted or oddly packed file."""
_MOST_BYTES_OF_A_PART = 16 << 20
"""Of the small parts; sheets and strings are streamed."""
_BUILT_IN_DATES = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
_DURATION = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_NOT_A_DATE = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet: its name, where it lies in the archive, and whether it is hidden."""

    name: str
    path: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class WorkbookParts:
    """What has to be known before cells can be read."""

    sheets: tuple[Sheet, ...]
    strings_path: str | None
    date_styles: frozenset[int]
    duration_styles: frozenset[int]
    starts_1904: bool


def damaged() -> ListError:
    """The answer to a workbook that is not one."""
    return ListError(
        "damaged_workbook", "The workbook is damaged.", "Open it in a spreadsheet program and save it again."
    )


def workbook_parts(archive: zipfile.ZipFile) -> WorkbookParts:
    """Read the workbook's table of contents."""
    targets: dict[str, str] = {}
    strings = styles = None
    for _, relation in elements(archive, "xl/_rels/workbook.xml.rels", "Relationship"):
        path = _resolved(relation.get("Target", ""))
        targets[relation.get("Id", "")] = path
        kind = relation.get("Type", "").rpartition("/")[2]
        if kind == "sharedStrings" and path in archive.namelist():
            strings = path
        elif kind == "styles" and path in archive.namelist():
            styles = path
    sheets, starts_1904 = [], False
    for name, found in elements(archive, "xl/workbook.xml", "sheet", "workbookPr"):
        if name == "workbookPr":
            starts_1904 = found.get("date1904", "") in ("1", "true")
            continue
        path = targets.get(next((value for key, value in found.items() if key.rpartition(":")[2] == "id"), ""), "")
        if path.startswith("xl/worksheets/"):
            sheets.append(Sheet(found.get("name", ""), path, found.get("state", "visible") != "visible"))
    dates, durations = _date_styles(archive, styles)
    return WorkbookParts(tuple(sheets), strings, dates, durations, starts_1904)


def _resolved(target: str) -> str:
    return posixpath.normpath(target.lstrip("/") if target.startswith("/") else f"xl/{target}")


def _date_styles(archive: zipfile.ZipFile, path: str | None) -> tuple[frozenset[int], frozenset[int]]:
    """Indices of the cell styles that show a number as a date, and as a length of time."""
    formats: dict[str, str] = {}
    dates, durations = set(), set()
    if path is None:
        return frozenset(), frozenset()
    index, inside = 0, False
    for name, found in elements(archive, path, "numFmt", "cellXfs", "cellStyles", "xf"):
        if name == "numFmt":
            formats[found.get("numFmtId", "")] = found.get("formatCode", "")
        elif name != "xf":
            inside = name == "cellXfs"
        elif inside:
            number = found.get("numFmtId", "0")
            code = formats.get(number, "")
            if number == "46" or _DURATION.search(code):
                durations.add(index)
            elif re.search("[dmyhs]", _NOT_A_DATE.sub("", code), re.IGNORECASE) or (
                not code and number.isdigit() and int(number) in _BUILT_IN_DATES
            ):
                dates.add(index)
            index += 1
    return frozenset(dates), frozenset(durations)


def elements(archive: zipfile.ZipFile, path: str, *names: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The elements of these names in a small part, with their attributes, in order."""
    found: list[tuple[str, dict[str, str]]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local in names:
            found.append((local, attributes))

    parser = safe_parser()
    parser.StartElementHandler = start
    try:
        with archive.open(path) as part:
            parser.Parse(part.read(_MOST_BYTES_OF_A_PART), True)
    except BROKEN as fault:
        raise damaged() from fault
    yield from found


def safe_parser() -> expat.XMLParserType:
    """A parser that refuses document types, by which a small file could grow without end."""
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise damaged()

    parser.StartDoctypeDeclHandler = refuse
    return parser
