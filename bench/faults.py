"""What callers hear when something goes wrong: each fault in a call of its own, on real wires. `scripts/bench faults`

The silence is measured in what the telephone network recorded: the longest stretch in which nobody was to be heard.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.fault_calls import Heard, voice
from bench.fault_rows import ROWS, Row

RESULTS = Path(__file__).parent / "results" / "faults.json"


def holds(row: Row, heard: Heard) -> bool:
    """Whether the call went as it has to."""
    return (
        heard.ending == row.ending
        and heard.silence_ms <= row.deadline_ms
        and (not row.steps or heard.steps[: len(row.steps)] == row.steps)
        and (row.ending == "caller_hung_up" or heard.apologised)
        and row.bookings in (None, heard.bookings)
    )


async def measured(names: list[str]) -> list[dict[str, Any]]:
    """One row after the other; a row that was disturbed by a busy machine tells so by its figures."""
    table = []
    with tempfile.TemporaryDirectory() as folder:
        async with voice(Path(folder)) as around, around.instance():
            for row in ROWS:
                if names and row.name not in names:
                    continue
                heard = await around.call(row)
                good = holds(row, heard)
                print(
                    f"{'ok  ' if good else 'FAIL'} {row.name:32} silence {heard.silence_ms:6} of {row.deadline_ms:6} ms"
                    f"  {heard.ending:20} {', '.join(heard.steps)}",
                    flush=True,
                )
                found = {key: value for key, value in asdict(heard).items() if key != "turns"}
                table.append({"fault": row.name, "deadline_ms": row.deadline_ms, "holds": good, **found})
    return table


def main() -> None:
    """Print the table and keep it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("row", nargs="*", help="names of rows; default: all")
    wanted = parser.parse_args().row
    table = asyncio.run(measured(wanted))
    if not wanted:
        about = {
            "command": "scripts/bench faults",
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "python": platform.python_version(),
        }
        RESULTS.write_text(json.dumps({**about, "rows": table}, indent=1) + "\n", encoding="utf-8")
    if not all(row["holds"] for row in table):
        raise SystemExit("some callers waited too long")


if __name__ == "__main__":
    main()
