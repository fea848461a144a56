"""The telephone network as a process: prints one line of JSON when it is ready, then serves until it is stopped."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from local.telephone_network.network import NetworkSettings, TelephoneNetwork
from local.telephone_network.network_time import RunningTime, SteppedTime
from local.telephone_network.people.clips import ClipShelf, RecordedVoices
from local.telephone_network.server import telephone_network
from shared.clock import SystemClock


def read_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(prog="python -m local.telephone_network", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="where to listen on loopback; 0 takes a free port")
    parser.add_argument("--account-sid", default=os.environ.get("TWILIO_ACCOUNT_SID", ""))
    parser.add_argument("--auth-token", default=os.environ.get("TWILIO_AUTH_TOKEN", ""))
    parser.add_argument("--number", action="append", default=[], help="a number of the account, E.164; repeatable")
    parser.add_argument("--public-base-url", help="Parley's origin: sets voice and status URL to its routes")
    parser.add_argument("--voice-url", help="what is requested when somebody calls one of the numbers")
    parser.add_argument("--status-url", help="who is told when such a call is over")
    parser.add_argument("--calls-per-second", type=float, default=1.0, help="what the account may start")
    parser.add_argument("--max-concurrent", type=int, help="calls at once; more are refused with 10004")
    parser.add_argument("--speed", type=float, default=1.0, help="rings and talks pass so much faster")
    parser.add_argument("--clock", type=datetime.fromisoformat, help="the instant at which the network's time begins")
    parser.add_argument("--stepped", action="store_true", help="time stands still until /control/time moves it on")
    parser.add_argument("--clips", type=Path, help="folder of <line id>_<voice>.ulaw; default: Parley's own")
    parser.add_argument("--recordings", type=Path, help="folder for the WAV and the log of each call")
    parser.add_argument("--callees", type=Path, help="YAML or JSON: number or pattern -> behaviour, or a list of them")
    parser.add_argument("--route", action="append", default=[], help="https://public.example=http://127.0.0.1:8080")
    parser.add_argument("--seed", type=int, default=1)
    parsed = parser.parse_args(arguments)
    if not parsed.account_sid or not parsed.auth_token:
        parser.error("an account is needed: TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, or --account-sid, --auth-token")
    return parsed


def read_settings(parsed: argparse.Namespace) -> NetworkSettings:
    """The network that was asked for."""
    clock = SystemClock(parsed.clock)
    public = (parsed.public_base_url or "").rstrip("/")
    return NetworkSettings(
        account_sid=parsed.account_sid,
        auth_token=parsed.auth_token,
        numbers=tuple(parsed.number),
        voice_url=parsed.voice_url or (f"{public}/voice/inbound" if public else None),
        status_url=parsed.status_url or (f"{public}/voice/status" if public else None),
        calls_per_second=parsed.calls_per_second,
        max_concurrent=parsed.max_concurrent,
        time=SteppedTime(clock) if parsed.stepped else RunningTime(clock, parsed.speed),
        routes=dict(route.split("=", 1) for route in parsed.route),
        clips=RecordedVoices() if parsed.clips is None else ClipShelf.folder(parsed.clips),
        recordings=parsed.recordings,
        seed=parsed.seed,
    )


async def serve(settings: NetworkSettings, port: int, callees: dict[str, Any]) -> None:
    """Serve until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    async with telephone_network(settings, port) as network:
        network.answer_as(callees)
        announce(network)
        await stopped.wait()


def announce(network: TelephoneNetwork) -> None:
    """One line for whoever started the process."""
    account = network.exchange.account
    ready = {
        "port": int(network.base_url.rpartition(":")[2]),
        "base_url": network.base_url,
        "account_sid": account.sid,
        "numbers": list(account.numbers),
    }
    print(json.dumps(ready), flush=True)


def main() -> None:
    """Run the network."""
    parsed = read_arguments()
    callees = {} if parsed.callees is None else yaml.safe_load(parsed.callees.read_text(encoding="utf-8"))
    asyncio.run(serve(read_settings(parsed), parsed.port, callees))


if __name__ == "__main__":
    main()
