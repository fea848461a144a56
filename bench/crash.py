"""The ordeal at full size: ``scripts/bench crash [--store sqlite|firestore] [--contacts N] [--rounds N]``."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path
from typing import Any
from uuid import uuid4

from local.firestore_emulator import firestore_emulator
from tests.campaigns.crash.ordeal import ordeal

RESULTS = Path("bench/results/crash.json")
STORES = ("sqlite", "firestore")


async def main(store: str, contacts: int, rounds: int, seed: int) -> bool:
    """Run it on one store; whether nobody was called twice or forgotten."""
    with ExitStack() as stack:
        if store == "firestore":
            os.environ["FIRESTORE_EMULATOR_HOST"] = stack.enter_context(firestore_emulator())
            url, per_second = f"firestore://ordeal-{uuid4().hex[:8]}/(default)", 40.0
        else:
            url, per_second = f"sqlite:///{stack.enter_context(tempfile.TemporaryDirectory())}/ordeal.db", 80.0
        outcome = await ordeal(url, contacts, rounds, seed, per_second)
    print(f"{store}, {rounds} rounds\n{outcome.table()}")
    counts = {field.name: getattr(outcome, field.name) for field in fields(outcome)}
    _keep(store, {**counts, "rings": len(outcome.rings), "rang_twice": len(outcome.rang_twice), "rounds": rounds})
    whole = outcome.states["done"] == contacts and not outcome.locks and not outcome.open_attempts
    return whole and not outcome.rang_twice


def _keep(store: str, result: dict[str, Any]) -> None:
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    known[store] = result
    RESULTS.write_text(json.dumps(known, indent=1), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", choices=STORES, action="append", help="both, unless one is named")
    parser.add_argument("--contacts", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=80)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    whole = [asyncio.run(main(one, asked.contacts, asked.rounds, asked.seed)) for one in asked.store or STORES]
    sys.exit(0 if all(whole) else 1)
