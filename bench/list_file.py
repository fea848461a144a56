"""A big contact list to measure with: a million rows as Indian marketers have them, 84 MB."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from tests.lists.workbooks import write_workbook

HEADER = ("Name", "Mobile", "Language", "City", "Consent", "Premium", "Due date", "Note")
_NAMES = ("राजेश", "सुनीता देवी", "முத்து", "Anil Sharma", "प्रिया", "கார்த்திக்", "M. Irfan", "Asha Rao")
_CITIES = ("मुंबई", "दिल्ली", "சென்னை", "Bengaluru", "लखनऊ", "Pune", "Hyderabad", "மதுரை")
_LANGUAGES = ("hi", "Hindi", "हिंदी", "ta", "Tamil", "en", "hinglish", "தமிழ்")
_CONSENTS = ("yes", "Yes", "हाँ", "Y", "granted", "1", "true", "no")
_NOTES = ("नया", "புதிய", "Renewal", "after 5 pm", "", "", "", "VIP")
_MOBILE_SERIES = (
    *("9810", "9811", "9818", "9820", "9821", "9833", "9840", "9845", "9848", "9866", "9876", "9886", "9899", "9900"),
    *("9910", "9916", "9920", "9930", "9940", "9958", "9967", "9971", "9986", "9999", "9415", "9425", "9430", "9444"),
    *("8800", "8826", "8860", "8879", "8939", "8976", "8130", "8197", "8291", "8451", "8452", "8527", "8555", "8688"),
    *("7000", "7007", "7021", "7042", "7200", "7304", "7406", "7503", "7678", "7738", "7799", "7838", "7892", "7905"),
    *("6200", "6201", "6290", "6301", "6302", "6350", "6360", "6375", "6380", "6381", "6391", "6394"),
)
_AMERICAN_AREAS = ("212", "310", "415", "617", "713", "206", "303", "404", "702", "850")


def rows(count: int, seed: int = 7) -> Iterator[tuple[str, ...]]:
    """84 % Indian forms, 11 % US, 1 % British, 1 % shortened by Excel, 1 % too short, 2 % other traps."""
    chance = random.Random(seed)
    draw, pick = chance.random, chance.choice
    for index in range(count):
        yield (
            f"{pick(_NAMES)} {index % 997}",
            _number(draw(), chance),
            pick(_LANGUAGES),
            pick(_CITIES),
            pick(_CONSENTS),
            f"{chance.randrange(900, 90_000)}",
            f"2026-{index % 12 + 1:02}-{index % 28 + 1:02}",
            pick(_NOTES),
        )


def _number(dice: float, chance: random.Random) -> str:
    indian = f"{chance.choice(_MOBILE_SERIES)}{chance.randrange(10**6):06}"
    if dice < 0.84:
        form = int(dice * 600) % 7
        return (
            indian,
            f"+91{indian}",
            f"91{indian}",
            f"0{indian}",
            f"+91 {indian[:5]} {indian[5:]}",
            f"+91-{indian}",
            f"{indian[:5]} {indian[5:]}",
        )[form]
    american = f"{chance.choice(_AMERICAN_AREAS)}{chance.randrange(2, 10)}{chance.randrange(10**6):06}"
    if dice < 0.95:
        return f"+1{american}" if dice < 0.90 else f"+1 ({american[:3]}) {american[3:6]}-{american[6:]}"
    if dice < 0.96:
        return f"+447{chance.randrange(400_000_000, 999_999_999)}"
    if dice < 0.97:
        return f"{chance.uniform(9.1, 9.2):.5f}E+11"
    if dice < 0.98:
        return indian[:7]
    return chance.choice(
        (f"tel:+91{indian}", f"'+91{indian}", f"{indian}.0", f"{indian}/{indian[::-1]}", "NA", "abc", american)
    )


def write_csv(path: Path, count: int) -> None:
    """The list as CSV in UTF-8 with a byte order mark, as Excel saves it."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        file.write(",".join(HEADER) + "\r\n")
        for row in rows(count):
            file.write(",".join(row) + "\r\n")


def write_xlsx(path: Path, count: int) -> None:
    """The list as a workbook; bare numbers are numeric cells, as Excel makes them."""
    with path.open("wb") as file:
        write_workbook(file, (HEADER, *_numeric(rows(count))))


def _numeric(texts: Iterator[tuple[str, ...]]) -> Iterator[tuple[str | int, ...]]:
    for row in texts:
        yield tuple(int(cell) if cell.isascii() and cell.isdigit() and cell[:1] != "0" else cell for cell in row)
