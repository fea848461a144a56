"""Recorded voices for those who are called and those who call: mu-law by line and voice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from local import voices
from local.dialogues import voice_for

Voice = str | Mapping[str, str] | None
"""A voice's name, or one for each language; None: whichever has recorded the line."""


CROWD = 8


class NoSuchClip(LookupError):
    """Nobody has recorded this line."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A line as somebody says it. audio: 8 kHz mono mu-law without a header."""

    name: str
    audio: bytes
    text: str | None = None


class Clips(Protocol):
    """Where recorded lines are found."""

    def line(self, line_id: str, voice: Voice) -> Clip:
        """The line in that voice. Raises NoSuchClip."""
        ...

    def text(self, text: str) -> Clip | None:
        """A recording of exactly these words, in any voice."""
        ...

    def crowd(self) -> list[Clip]:
        """A few lines, in as many voices as there are."""
        ...


class RecordedVoices:
    """The voices that come with Parley."""

    def line(self, line_id: str, voice: Voice) -> Clip:
        """The line in that voice; of voices by language, the one for the line's language."""
        spoken_by = voices.voices_of(line_id)
        if not spoken_by:
            raise NoSuchClip(f"no clip of the line {line_id!r}")
        first = voices.recording(line_id, spoken_by[0])
        name = spoken_by[0] if voice is None else _voice(voice, first.language if first else "")
        try:
            audio = voices.clip(line_id, name)
        except voices.MissingClip as error:
            raise NoSuchClip(str(error)) from error
        return Clip(f"{line_id}_{name}", audio, first.text if first else None)

    def text(self, text: str) -> Clip | None:
        """A recording of exactly these words, in any voice."""
        found = (voices.find(text, language) for language in ("en", "hi", "mixed"))
        line_id = next(filter(None, found), None)
        return None if line_id is None else self.line(line_id, None)

    def crowd(self) -> list[Clip]:
        """Two long lines of every voice."""
        long = sorted(voices.recordings().values(), key=lambda one: (-one.seconds, one.name))
        names = sorted({one.voice for one in long})
        chosen = [one for name in names for one in [one for one in long if one.voice == name][:2]]
        return [Clip(one.name, voices.clip(one.line_id, one.voice), one.text) for one in chosen]


class ClipShelf:
    """Clips by name (line id, underscore, voice), from anywhere, each read when it is first wanted."""

    def __init__(
        self, clips: Iterable[tuple[str, Callable[[], bytes]]] = (), texts: Mapping[str, str] | None = None
    ) -> None:
        self._clips = dict(clips)
        self._texts = dict(texts or {})

    @classmethod
    def of(cls, clips: Mapping[str, bytes], texts: Mapping[str, str] | None = None) -> ClipShelf:
        """Clips that are in memory already; texts by line id."""
        return cls([(name, _constant(audio)) for name, audio in clips.items()], texts)

    @classmethod
    def folder(cls, folder: Path) -> ClipShelf:
        """Every .ulaw file of a folder."""
        if not folder.is_dir():
            raise NoSuchClip("there is no such folder of clips")
        return cls([(path.stem, path.read_bytes) for path in sorted(folder.glob("*.ulaw"))])

    def line(self, line_id: str, voice: Voice) -> Clip:
        """The line in that voice; of voices by language, the one for the language that ends the line's id."""
        if voice is None:
            names = [name for name in self._clips if name == line_id or name.startswith(f"{line_id}_")]
        else:
            names = [f"{line_id}_{_voice(voice, line_id.rpartition('_')[2])}"]
        for name in names:
            if name in self._clips:
                return Clip(name, self._clips[name](), self._texts.get(line_id))
        raise NoSuchClip(f"no clip of the line {line_id!r} in the voice {voice!r}")

    def text(self, text: str) -> Clip | None:
        """A recording of exactly these words, in any voice."""
        wanted = " ".join(text.split()).casefold()
        for line_id, said in self._texts.items():
            if " ".join(said.split()).casefold() == wanted:
                return self.line(line_id, None)
        return None

    def crowd(self) -> list[Clip]:
        """The first few, whoever speaks them."""
        return [Clip(name, read()) for name, read in list(self._clips.items())[:CROWD]]


def _voice(voice: str | Mapping[str, str], language: str) -> str:
    return voice if isinstance(voice, str) else voice_for(voice, language)  # type: ignore[arg-type]


def _constant(audio: bytes) -> Callable[[], bytes]:
    return lambda: audio
