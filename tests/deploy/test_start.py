"""Every service of the build, started from the files that are uploaded, by the command that the build would use."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.etree import ElementTree

import pytest
from twilio.request_validator import RequestValidator
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from shared.identity import GOOGLE_ACCOUNT
from shared.store import open_store
from tests.deploy.build_plan import BuildPlan
from tests.deploy.running import Running, free_port
from tests.deploy.upload import copy_upload
from tests.test_identity import Google

pytestmark = pytest.mark.timeout(150)

PUBLIC = "https://voice-123456789012.us-central1.run.app"
ACCOUNT = "AC" + "0" * 32
TOKEN = "0123456789abcdef0123456789abcdef"
CALL = "CA" + "1" * 32
DIALLED = {
    "AccountSid": ACCOUNT,
    "ApiVersion": "2010-04-01",
    "CallSid": CALL,
    "CallStatus": "ringing",
    "CallerName": "",
    "Direction": "inbound",
    "From": "+12025550123",
    "To": "+12025550199",
}


@pytest.fixture(scope="module", autouse=True)
def the_clouds_python() -> None:
    """Only the version that the cloud runs proves anything here."""
    if sys.version_info[:2] != (3, 13):
        reason = "the cloud runs Python 3.13"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="module")
def upload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_upload(tmp_path_factory.mktemp("upload"))


def started(name: str, upload: Path, home: Path, **more: str) -> Running:
    """The service with the build's own settings, except for what only exists in the cloud."""
    service = BuildPlan.read().service(name)
    command, added = service.start_command()
    secrets = {"TWILIO_AUTH_TOKEN": TOKEN, "GEMINI_API_KEY": "key", "NUMBER_HASH_KEY": "0123456789abcdef"}
    variables = {
        **service.pairs("--set-env-vars"),
        **{variable: secrets[variable] for variable in service.pairs("--set-secrets")},
        **added,
        "K_SERVICE": name,
        "STORE_URL": f"sqlite:///{home}/parley.db",
        "RECORDINGS_URL": f"file://{home}/recordings",
        "GOOGLE_GEMINI_BASE_URL": f"https://127.0.0.1:{free_port()}",
        "TWILIO_API_BASE_URL": f"https://127.0.0.1:{free_port()}",
        **more,
    }
    if "TWILIO_AUTH_TOKEN" in variables:
        variables |= {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_NUMBERS": DIALLED["To"]}
    return Running(command, folder=upload, variables=variables, log=home / f"{name}.log")


def signature(url: str, form: dict[str, str] | None = None) -> dict[str, str]:
    """The header with which Twilio signs a request to this URL."""
    return {"X-Twilio-Signature": str(RequestValidator(TOKEN).compute_signature(url, form or {}))}


def healthy(service: Running, name: str) -> bool:
    """GET /healthz says which function it is."""
    answer = service.request("GET", "/healthz")
    return (answer.status_code, answer.json()) == (200, {"ok": True, "function": name})


def ends_well(service: Running) -> bool:
    """SIGTERM ends it in time and in order, and all that it ever printed are log lines without an error."""
    status = service.stop()
    errors = [line for line in service.log_lines if line["severity"] in {"ERROR", "CRITICAL"}]
    assert (status, errors) == (0, [])
    return True


def start_message(token: str) -> str:
    """Twilio's second message on a stream."""
    return json.dumps(
        {
            "event": "start",
            "sequenceNumber": "1",
            "streamSid": "MZ" + "2" * 32,
            "start": {
                "streamSid": "MZ" + "2" * 32,
                "accountSid": ACCOUNT,
                "callSid": CALL,
                "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                "customParameters": {"token": token},
            },
        }
    )


@contextmanager
def open_stream(voice: Running, headers: dict[str, str]) -> Iterator[ClientConnection]:
    """A media stream, as Twilio opens it."""
    url = f"ws://127.0.0.1:{voice.port}/voice/stream"
    with connect(url, additional_headers=headers, proxy=None, open_timeout=10, close_timeout=5) as stream:
        stream.send(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
        yield stream


def closing_code(stream: ClientConnection, *, within_s: float = 20) -> int | None:
    """With which code the service ends the stream; what it sends until then is not looked at."""
    deadline_s = time.monotonic() + within_s
    try:
        while time.monotonic() < deadline_s:
            stream.recv(timeout=within_s)
    except ConnectionClosed as closed:
        return None if closed.rcvd is None else closed.rcvd.code
    return None


def test_voice_answers_the_phone_network_and_nobody_else(upload: Path, tmp_path: Path) -> None:
    with started("voice", upload, tmp_path) as voice:
        assert healthy(voice, "voice")
        unsigned = voice.request("POST", "/voice/inbound", data=DIALLED)
        assert unsigned.status_code == 403
        tampered = signature(f"{PUBLIC}/voice/inbound", DIALLED)
        assert (
            voice.request("POST", "/voice/inbound", data={**DIALLED, "To": "+1"}, headers=tampered).status_code == 403
        )

        signed = voice.request(
            "POST", "/voice/inbound", data=DIALLED, headers=signature(f"{PUBLIC}/voice/inbound", DIALLED)
        )
        assert signed.status_code == 200
        stream = ElementTree.fromstring(signed.text).find("Connect/Stream")
        assert stream is not None
        assert stream.attrib["url"] == f"{PUBLIC}/voice/stream".replace("https", "wss")
        token = {parameter.attrib["name"]: parameter.attrib["value"] for parameter in stream}["token"]

        with pytest.raises(InvalidStatus) as refused, open_stream(voice, {}):
            pass
        assert refused.value.response.status_code == 403
        upgrade = signature(f"{PUBLIC}/voice/stream".replace("https", "wss"))
        with open_stream(voice, upgrade) as forged:
            forged.send(start_message("not-a-token"))
            assert closing_code(forged) == 1008
        with open_stream(voice, upgrade) as real:
            real.send(start_message(token))
            time.sleep(0.3)
            with suppress(ConnectionClosed):  # no model to talk to: it may have said sorry and gone by now
                real.send(json.dumps({"event": "stop", "sequenceNumber": "2", "streamSid": "MZ" + "2" * 32}))
            assert closing_code(real) != 1008
        with open_stream(voice, upgrade) as replayed:
            replayed.send(start_message(token))
            assert closing_code(replayed) == 1008
        assert voice.stop() == 0
        assert "call answered" in [line["message"] for line in voice.log_lines]
        assert DIALLED["From"] not in voice.output


def test_console_shows_what_voice_recorded_to_nobody_whom_iap_does_not_vouch_for(upload: Path, tmp_path: Path) -> None:
    with started("voice", upload, tmp_path) as voice, started("console", upload, tmp_path) as console:
        assert healthy(console, "console")
        voice.request("POST", "/voice/inbound", data=DIALLED, headers=signature(f"{PUBLIC}/voice/inbound", DIALLED))
        assert voice.stop() == 0
        for path in (f"/api/calls/{CALL}", "/api/calls", "/console"):
            assert console.request("GET", path).status_code == 401
        assert ends_well(console)
    assert asyncio.run(kept(f"sqlite:///{tmp_path}/parley.db")) == CALL


async def kept(store_url: str) -> object:
    """The call that the store holds."""
    store = open_store(store_url)
    document = await store.get(f"calls/{CALL}")
    await store.close()
    return None if document is None else document.data["call_sid"]


@contextmanager
def keys_of(google: Google) -> Iterator[str]:
    """Google's public keys, served on loopback."""

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(dict(google.public)).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Keys) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/certs"
        server.shutdown()
        serving.join()


def strangers(google: Google, own: str, account: str) -> dict[str, dict[str, str]]:
    """Requests' headers that must not open a service whose address and whose caller these are."""
    return {
        "no token": {},
        "another account's": google.header(google.token(aud=own, email="stranger@my-parley.iam.gserviceaccount.com")),
        "another service's": google.header(google.token(aud="https://voice.example.com", email=account)),
        "another signer's": google.header(Google(GOOGLE_ACCOUNT).token(aud=own, email=account)),
    }


def test_tools_tells_voice_alone_what_an_agent_can_do(upload: Path, tmp_path: Path) -> None:
    google = Google(GOOGLE_ACCOUNT)
    own = "https://tools-123456789012.us-central1.run.app"
    account = "voice-runtime@my-parley.iam.gserviceaccount.com"
    with keys_of(google) as keys, started("tools", upload, tmp_path, GOOGLE_KEYS_URL=keys) as tools:
        assert healthy(tools, "tools")
        for headers in strangers(google, own, account).values():
            assert tools.request("GET", "/tools", headers=headers).status_code == 401
            assert tools.request("POST", "/tools/end_call", json={}, headers=headers).status_code == 401
        voice = google.header(google.token(aud=own, email=account))
        listed = tools.request("GET", "/tools", headers=voice).json()
        assert {"book_appointment", "end_call"} <= {tool["name"] for tool in listed["tools"]}
        assert tools.request("POST", "/tools/no_such_tool", json={}, headers=voice).status_code == 404
        assert ends_well(tools)


def test_campaigns_beats_for_the_scheduler_alone(upload: Path, tmp_path: Path) -> None:
    google = Google(GOOGLE_ACCOUNT)
    own = "https://campaigns-123456789012.us-central1.run.app"
    account = "scheduler@my-parley.iam.gserviceaccount.com"
    with keys_of(google) as keys, started("campaigns", upload, tmp_path, GOOGLE_KEYS_URL=keys) as campaigns:
        assert healthy(campaigns, "campaigns")
        for headers in strangers(google, own, account).values():
            assert campaigns.request("POST", "/campaigns/tick", headers=headers).status_code == 401
        scheduler = google.header(google.token(aud=own, email=account))
        for _ in range(2):
            beat = campaigns.request("POST", "/campaigns/tick", headers=scheduler)
            assert (beat.status_code, beat.json()["status"]) == (200, "ok")
        assert campaigns.request("GET", "/campaigns/tick", headers=scheduler).status_code == 405
        assert ends_well(campaigns)


@pytest.mark.parametrize("name", ["voice", "console"])
def test_a_service_with_wrong_settings_never_becomes_healthy(name: str, upload: Path, tmp_path: Path) -> None:
    service = BuildPlan.read().service(name)
    command, added = service.start_command()
    variables = {**added, "K_SERVICE": name, "STORE_URL": "firestore://p/d", "LOG_LEVEL": "loud"}
    broken = Running(command, folder=upload, variables=variables, log=tmp_path / "log")
    with pytest.raises(AssertionError, match="LOG_LEVEL: "), broken:
        pass
