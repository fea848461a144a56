"""The whole of Parley in one process: ``python -m local.serve``.

With Twilio's and Gemini's keys in the environment it answers real calls; without them the local telephone network
and the local speech model stand in, on the same wire formats, so that nothing in Parley knows the difference.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

import uvicorn
from starlette.applications import Starlette

from functions.campaigns.app import make_app as campaigns_app
from functions.campaigns.wiring import after_call_services, campaign_services
from functions.console.app import make_app as console_app
from functions.console.wiring import console_services
from functions.tools.app import make_app as tools_app
from functions.voice.app import make_app as voice_app
from functions.voice.stream_server import StreamServer
from functions.voice.wiring import voice_services
from functions.voice.worker import STREAM_SERVER
from local.one_app import one_app
from local.scheduler import schedule
from local.stand_in import stand_in
from shared.clock import SystemClock
from shared.errors import ConfigurationError
from shared.logs import start_logs
from shared.settings import Settings, read_settings
from shared.store import open_store

LOCAL_NUMBER = "+13105550100"
"""A number that no one can have (555-01xx is kept for fiction)."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around this process."""

    telephone_network: str | None
    """Origin of the local telephone network; None when Twilio is real."""
    speech_model: str | None


@asynccontextmanager
async def stand_ins(settings: Settings) -> AsyncIterator[Surroundings]:
    """Start what is not configured, and put it into the environment as if it were."""
    async with AsyncExitStack() as stack:
        speech = network = None
        if not settings.speech_configured:
            said = await stack.enter_async_context(stand_in("local.speech_model", ["--port", "0"]))
            speech = f"https://127.0.0.1:{said['port']}"
            os.environ["GEMINI_API_KEY"] = "local-speech-model"
            os.environ["GOOGLE_GEMINI_BASE_URL"] = os.environ["GOOGLE_VERTEX_BASE_URL"] = speech
            # It speaks for Vertex AI too, whatever the region; agents that name one want a project.
            os.environ.setdefault("GOOGLE_CLOUD_PROJECT", "local-speech-model")
            os.environ["SSL_CERT_FILE"] = stack.enter_context(_trusting(Path(said["ca_bundle"])))
        if not settings.carrier_configured:
            account = {"TWILIO_ACCOUNT_SID": "AC" + secrets.token_hex(16), "TWILIO_AUTH_TOKEN": secrets.token_hex(16)}
            numbers = settings.twilio_numbers or (LOCAL_NUMBER,)
            arguments = ["--port", "0", "--seed", str(secrets.randbits(32)), "--public-base-url"]
            arguments += [settings.public_base_url, "--calls-per-second", str(settings.twilio_calls_per_second)]
            if settings.clock is not None:
                arguments += ["--clock", settings.clock.isoformat()]
            for number in numbers:
                arguments += ["--number", number]
            said = await stack.enter_async_context(stand_in("local.telephone_network", arguments, account))
            network = f"http://127.0.0.1:{said['port']}"
            os.environ.update(account, TWILIO_NUMBERS=",".join(numbers), TWILIO_API_BASE_URL=network)
        yield Surroundings(network, speech)


@contextmanager
def _trusting(authority: Path) -> Iterator[str]:
    """A file of certificates: those trusted already, and the stand-in's."""
    trusted = os.environ.get("SSL_CERT_FILE")
    with NamedTemporaryFile("w", prefix="parley-", suffix=".pem", encoding="utf-8") as together:
        if trusted:
            together.write(Path(trusted).read_text(encoding="utf-8") + "\n")
        together.write(authority.read_text(encoding="utf-8"))
        together.flush()
        yield together.name


def whole_app(settings: Settings) -> Starlette:
    """The four functions behind one port."""
    clock = SystemClock(settings.clock)
    if settings.store_url.startswith("sqlite:///") and ":memory:" not in settings.store_url:
        Path(settings.store_url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    store = open_store(settings.store_url)
    services = voice_services(settings, store, clock)
    return one_app(
        voice_app(services),
        tools=tools_app(services.tools, services.agents, store, clock),
        campaigns=campaigns_app(campaign_services(settings, store, clock), after_call_services(settings, store, clock)),
        console=console_app(console_services(settings, store, clock)),
    )


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[uvicorn.Server]:
    """Parley, answering on its port until the block is left."""
    server = StreamServer(
        uvicorn.Config(
            whole_app(settings),
            host="127.0.0.1",
            port=settings.port,
            log_config=None,
            access_log=False,
            ws_ping_interval=None,
            **STREAM_SERVER,
            timeout_graceful_shutdown=5,
        )
    )
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(_serve(server, settings.port))
        while not server.started and not serving.done():  # noqa: ASYNC110  # uvicorn offers no event for it
            await asyncio.sleep(0.02)
        try:
            yield server
        finally:
            server.should_exit = True


async def _serve(server: uvicorn.Server, port: int) -> None:
    try:
        await server.serve()
    except SystemExit:  # uvicorn's way of saying that it cannot listen
        raise ConfigurationError(f"nothing can listen on port {port}; set PORT to another") from None


async def main() -> None:
    """Serve until told to stop."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    # uvicorn hands a signal on after it has shut down; it must find somebody, or the stand-ins would be orphans.
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with stand_ins(read_settings()) as around:
        settings = read_settings()
        start_logs(level=settings.log_level, project=settings.google_cloud_project, as_json=False)
        async with served(settings) as server, asyncio.TaskGroup() as group:
            scheduler = group.create_task(schedule(f"http://127.0.0.1:{settings.port}"))
            _say_where(settings, around)
            while not server.should_exit:  # noqa: ASYNC110  # nor for this
                await asyncio.sleep(0.1)
            scheduler.cancel()


def _say_where(settings: Settings, around: Surroundings) -> None:
    here = f"http://127.0.0.1:{settings.port}"
    print(f"Parley answers on {here}")
    print(f"  console             {here}/console")
    print(f"  JSON API            {here}/api/openapi.json")
    if around.telephone_network is not None:
        print(f"  telephone network   local, at {around.telephone_network} (no Twilio account is configured)")
    else:
        print(f"  Twilio's webhook    {settings.public_base_url}/voice/inbound")
    print(f"  speech model        {'local' if around.speech_model else 'Gemini Live'}")
    print("  scheduler           local: dials who is due, and reads calls that are over, once a minute")
    print("tools, campaigns and console need no identity here, so they answer this machine alone.", flush=True)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except ConfigurationError as error:
        sys.exit(str(error))
