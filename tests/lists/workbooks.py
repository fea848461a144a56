"""Writes .xlsx files of any size and oddity: the cells as given, the XML as spreadsheet programs write it."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from typing import BinaryIO
from xml.sax.saxutils import escape

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="dd/mm/yyyy\\ hh:mm"/>'
    '</numFmts><cellStyleXfs count="1"><xf numFmtId="14"/></cellStyleXfs><cellXfs count="5"><xf numFmtId="0"/>'
    '<xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="46"/><xf numFmtId="20"/></cellXfs></styleSheet>'
)
_HIDDEN = ' state="hidden"'
DATE, DATE_AND_TIME, DURATION, TIME = 1, 2, 3, 4
"""Cell styles, by index."""


class Raw(str):
    """A cell given as its XML, without the reference: t="b"><v>1</v>."""

    __slots__ = ()


Cell = str | int | float | None | Raw


def write_workbook(
    file: BinaryIO,
    rows: Iterable[Sequence[Cell]],
    *,
    others: Sequence[tuple[str, Sequence[Sequence[Cell]]]] = (),
    hidden: Sequence[str] = (),
    name: str = "Sheet1",
    first_row: int = 1,
    date1904: bool = False,
) -> None:
    """One sheet of rows (streamed), and others after it. None leaves a cell out."""
    strings: dict[str, int] = {}
    names = [name, *(other for other, _ in others)]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("[Content_Types].xml", _content_types(len(names)))
        archive.writestr("_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")]))
        archive.writestr("xl/workbook.xml", _workbook(names, hidden, date1904))
        parts = [("worksheet", f"worksheets/sheet{number}.xml") for number in range(1, len(names) + 1)]
        parts += [("sharedStrings", "sharedStrings.xml"), ("styles", "styles.xml")]
        archive.writestr("xl/_rels/workbook.xml.rels", _relations(parts))
        for number, content in enumerate((rows, *(other for _, other in others)), start=1):
            with archive.open(f"xl/worksheets/sheet{number}.xml", "w", force_zip64=True) as part:
                part.write(f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
                for at, row in enumerate(content, start=first_row):
                    part.write(_row(at, row, strings).encode())
                part.write(b"</sheetData></worksheet>")
        with archive.open("xl/sharedStrings.xml", "w", force_zip64=True) as part:
            part.write(f'{_HEAD}<sst xmlns="{_MAIN}">'.encode())
            for text in strings:
                part.write(f'<si><t xml:space="preserve">{escape(text)}</t></si>'.encode())
            part.write(b"</sst>")
        archive.writestr("xl/styles.xml", _STYLES)


def _row(at: int, cells: Sequence[Cell], strings: dict[str, int]) -> str:
    written = [f'<row r="{at}">']
    for index, cell in enumerate(cells):
        reference = f"{column_letters(index)}{at}"
        match cell:
            case Raw():
                written.append(f'<c r="{reference}" {cell}</c>')
            case str():
                written.append(f'<c r="{reference}" t="s"><v>{strings.setdefault(cell, len(strings))}</v></c>')
            case int() | float():
                written.append(f'<c r="{reference}"><v>{cell!r}</v></c>')
    written.append("</row>")
    return "".join(written)


def column_letters(index: int) -> str:
    """0 is A, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _content_types(sheets: int) -> str:
    spreadsheet = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    overrides = [("workbook", f"{spreadsheet}.sheet.main+xml"), ("sharedStrings", f"{spreadsheet}.sharedStrings+xml")]
    overrides += [(f"worksheets/sheet{number}", f"{spreadsheet}.worksheet+xml") for number in range(1, sheets + 1)]
    return (
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        + "".join(f'<Override PartName="/xl/{part}.xml" ContentType="{kind}"/>' for part, kind in overrides)
        + "</Types>"
    )


def _relations(parts: Iterable[tuple[str, str]]) -> str:
    listed = "".join(
        f'<Relationship Id="rId{number}" Type="{_RELATIONS}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(parts, start=1)
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{listed}</Relationships>'


def _workbook(names: Sequence[str], hidden: Sequence[str], date1904: bool) -> str:
    sheets = "".join(
        f'<sheet name="{escape(name)}" sheetId="{number}"{_HIDDEN if name in hidden else ""} r:id="rId{number}"/>'
        for number, name in enumerate(names, start=1)
    )
    properties = '<workbookPr date1904="1"/>' if date1904 else ""
    return f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}">{properties}<sheets>{sheets}</sheets></workbook>'
