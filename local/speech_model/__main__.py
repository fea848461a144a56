"""``python -m local.speech_model``: serve until stopped. The first line of output is JSON and says where."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from local.certificates import certificates
from local.dialogues import FOLDER, BadDialogue, read_all
from local.speech_model.behaviour import Behaviour, Listening
from local.speech_model.server import CLIPS, SpeechModelServer

DEAF = (
    "The local speech model cannot listen: pocketsphinx is not installed (no wheel for this Python?).\n"
    "Callers are taken to say the lines of the script in their order, whatever they say."
)


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    usual = Behaviour()
    parser = argparse.ArgumentParser(prog="python -m local.speech_model", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument(
        "--clips", type=Path, action="append", help="folder of <line>_<voice>.ulaw files; may come again"
    )
    parser.add_argument("--dialogues", type=Path, default=FOLDER, help="folder of dialogue files")
    parser.add_argument("--certificates", type=Path, help="folder to keep the certificates in; default: a new one")
    parser.add_argument("--listen", type=Listening, choices=list(Listening), default=usual.listening)
    parser.add_argument("--caller", help="with --listen energy: the caller whose script is followed")
    parser.add_argument("--think-ms", type=int, default=usual.think_ms)
    parser.add_argument(
        "--burst", type=float, default=usual.burst, help="audio is sent so many times faster than real time"
    )
    parser.add_argument(
        "--playback", type=float, default=usual.playback, help="turnComplete waits for so fast a listener"
    )
    parser.add_argument("--connection-life-s", type=float, default=usual.connection_life_s)
    parser.add_argument("--forget-audio", action="store_true", help="do not keep what sessions received")
    return parser.parse_args(arguments)


async def main(wanted: argparse.Namespace) -> None:
    """Serve until told to stop."""
    behaviour = Behaviour(
        think_ms=wanted.think_ms,
        burst=wanted.burst,
        playback=wanted.playback,
        connection_life_s=wanted.connection_life_s,
        go_away_lead_s=min(Behaviour().go_away_lead_s, wanted.connection_life_s / 2),
        listening=wanted.listen,
        caller=wanted.caller,
        keep_audio=not wanted.forget_audio and wanted.listen is Listening.SPEECH,
    )
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    server = SpeechModelServer(
        behaviour=behaviour,
        dialogues=read_all(wanted.dialogues),
        clips=wanted.clips or [CLIPS],
        tls=certificates(wanted.certificates),
        port=wanted.port,
    )
    async with server:
        if behaviour.listening is Listening.SPEECH and server.listening is Listening.ENERGY:
            print(DEAF, file=sys.stderr, flush=True)
        where = {
            "port": server.port,
            "base_url": server.base_url,
            "control_url": server.control_url,
            "ca_bundle": str(server.tls.ca_bundle),
            "listening": server.listening.value,
            "synthesiser": server.synthesiser,
        }
        print(json.dumps(where), flush=True)
        await stopped.wait()


if __name__ == "__main__":
    try:
        asyncio.run(main(options()))
    except BadDialogue as error:
        sys.exit(str(error))
