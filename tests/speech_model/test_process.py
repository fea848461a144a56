"""The speech model as a process of its own, its certificates, and its voice."""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from importlib.util import find_spec
from pathlib import Path

import httpx
import numpy as np
import pytest

from local.certificates import certificates
from local.speech_model.__main__ import DEAF, main, options
from local.speech_model.behaviour import Behaviour
from local.speech_model.placeholder_voice import hum
from local.speech_model.server import CLIPS
from local.speech_model.voice import Voice, resampled


@pytest.mark.portable
async def test_it_says_where_it_is_and_stops_when_told(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "local.speech_model", "--listen", "energy", "--certificates", str(tmp_path),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        where = json.loads(await process.stdout.readline())
        assert (where["listening"], where["ca_bundle"]) == ("energy", str(tmp_path / "ca-bundle.pem"))
        trust = ssl.create_default_context(cafile=where["ca_bundle"])
        async with httpx.AsyncClient(verify=trust) as http:
            assert (await http.get(where["control_url"] + "/sessions")).json() == []
    finally:
        process.terminate()
    assert await process.wait() == 0


def test_the_command_line_has_the_usual_manners() -> None:
    usual = options([])
    assert (usual.think_ms, usual.burst, usual.port) == (Behaviour().think_ms, Behaviour().burst, 0)


async def test_without_a_recogniser_it_says_so_loudly(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    serving = asyncio.create_task(main(options([])))
    said = ""
    while "\n" not in said:
        await asyncio.sleep(0.02)
        captured = capsys.readouterr()
        said += captured.out
        if captured.err:
            assert DEAF in captured.err
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert json.loads(said)["listening"] == "energy"


def test_impossible_manners_are_refused() -> None:
    with pytest.raises(ValueError, match="above zero"):
        Behaviour(burst=0)


def test_certificates_are_made_once(tmp_path: Path) -> None:
    made = certificates(tmp_path / "new")
    before = made.ca_bundle.read_bytes()
    assert certificates(tmp_path / "new").ca_bundle.read_bytes() == before
    assert before.count(b"BEGIN CERTIFICATE") > 100
    assert certificates().folder != made.folder


def test_a_recorded_line_sounds_as_it_was_recorded() -> None:
    voice = Voice([CLIPS], synthesise=False)
    pcm = np.frombuffer(voice.speak("whatever", "greeting_en", "hf_alpha"), dtype="<i2").astype(float)
    spectrum = np.abs(np.fft.rfft(pcm)) ** 2
    edge = int(4000 / 12_000 * len(spectrum))
    assert spectrum[:edge].sum() > 1e5 * spectrum[edge:].sum(), "images of the telephone band"
    assert voice.ready("whatever", "greeting_en", "hf_alpha")
    assert voice.has("greeting_en", "nobody's voice"), "any voice is better than none"
    assert not voice.has(None, "hf_alpha")


def test_a_line_without_a_recording_is_hummed_and_never_silent() -> None:
    pcm = np.frombuffer(Voice([], synthesise=False).speak("नमस्ते, hello", None, "v"), dtype="<i2")
    assert len(pcm) > 24_000 * 0.5
    assert np.abs(pcm).max() > 3000
    assert hum("") == hum("")
    assert len(hum("")) > 0
    assert resampled(b"", 8000, 24_000) == b""


def test_a_synthesiser_speaks_english_where_there_is_one() -> None:
    voice = Voice([])
    if find_spec("hibari") is None:
        assert voice.synthesiser != "hibari-tts"
        return
    assert voice.synthesiser == "hibari-tts"
    assert len(voice.speak("Good morning.", None, "v")) > 24_000
    assert voice.speak("नमस्ते", None, "v") == hum("नमस्ते")
