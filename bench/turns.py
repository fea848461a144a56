"""Who gets the floor: what cuts the agent off wrongly, what fails to, and how late, in noise. `scripts/bench turns`

Three judges hear the same frames. *gate* is mode parley with the default settings (and, for choosing them, others);
*ear* is the local speech model's own ear, WebRTC's detector, in the place of Gemini's, which cannot be measured here;
*energy* is the level over an adapting floor. Those two cut an answer off at the first sound that they take for speech.
"""

from __future__ import annotations

import argparse
import itertools
import json
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from bench import turn_sounds as sounds
from functions.voice.audio import Upsampler, loudness
from functions.voice.frame import FRAME_MS
from functions.voice.speech_detector import SpeechDetector
from functions.voice.voice_activity import VoiceActivity
from functions.voice.voice_gate import GateRules, Over, TurnBegan, TurnEnded, VoiceGate
from local.speech_model.ear import Ear, SpeechBegan, voice_detector
from local.speech_model.setup_message import AutomaticActivityDetection

RESULTS: Final = Path(__file__).parent / "results" / "turns.json"
SILENCE_MS: Final = 600
CONDITIONS: Final[list[tuple[str | None, float]]] = [
    (None, 0.0),
    *itertools.product(sounds.NOISES, (20.0, 10.0, 5.0)),
]
ECHOES_DB: Final = (-40.0, -30.0, -20.0)

Frames = list[bytes]


@dataclass(frozen=True, slots=True)
class Turns:
    """What one judge said of one sound: (began at ms, ended at ms or None)."""

    spans: tuple[tuple[float, float | None], ...]


Judge = Callable[[Frames, Over], Turns]


def _spans(events: Iterable[tuple[float, bool]]) -> Turns:
    spans: list[tuple[float, float | None]] = []
    for at_ms, began in events:
        if began:
            spans.append((at_ms, None))
        elif spans and spans[-1][1] is None:
            spans[-1] = (spans[-1][0], at_ms)
    return Turns(tuple(spans))


class Gate:
    """Mode parley. What the detector says of a sound is worked out once for all rules."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Frames, list[float]]] = {}
        self.frames = 0
        self.cpu_s = 0.0

    def probabilities(self, frames: Frames) -> list[float]:
        known = self._known.get(id(frames))
        if known is not None:
            return known[1]
        detector, began_s = SpeechDetector(), time.process_time()
        said = [detector.push(frame) for frame in frames]
        self.cpu_s += time.process_time() - began_s
        self.frames += len(frames)
        self._known[id(frames)] = (frames, said)
        return said

    def judge(self, rules: GateRules) -> Judge:
        def judged(frames: Frames, over: Over) -> Turns:
            gate, events = VoiceGate(rules), []
            for number, probability in enumerate(self.probabilities(frames), 1):
                match gate.frame(probability, over, number * FRAME_MS):
                    case TurnBegan():
                        events.append((float(number * FRAME_MS), True))
                    case TurnEnded():
                        events.append((float(number * FRAME_MS), False))
            return _spans(events)

        return judged


def ear(frames: Frames, over: Over) -> Turns:
    """The stand-in's ear as it is set up by default."""
    detection = AutomaticActivityDetection(silence_duration_ms=SILENCE_MS)
    listens, up, events = Ear(detection, SILENCE_MS, voice_detector(2)), Upsampler(), []
    for number, frame in enumerate(frames, 1):
        heard = listens.feed(up.push(frame))
        events += [(float(number * FRAME_MS), isinstance(event, SpeechBegan)) for event in heard]
    return _spans(events)


def energy(frames: Frames, over: Over) -> Turns:
    """The level alone; a turn ends after the same silence."""
    voice, events, speaking = VoiceActivity(), [], False
    for number, frame in enumerate(frames, 1):
        now_ms = float(number * FRAME_MS)
        voice.frame(loudness(frame), now_ms)
        if voice.speaking and not speaking:
            speaking = True
            events.append((now_ms, True))
        elif speaking and now_ms - (voice.last_voice_ms or 0.0) >= SILENCE_MS:
            speaking = False
            events.append((now_ms, False))
    return _spans(events)


@dataclass(frozen=True, slots=True)
class Row:
    """One judge in one condition. Times are milliseconds; shares per cent."""

    judge: str
    noise: str
    snr_db: float | None
    noise_cuts_per_min: float
    """Noise alone cuts an answer off."""
    noise_turns_per_min: float
    """Noise alone begins a turn while nobody speaks."""
    backchannels_cut_pct: float
    hellos_cut_pct: float
    barge_ins_missed_pct: float
    onset_p50: float | None
    """From the first sound of a sentence over an answer until the answer is cut."""
    onset_p95: float | None
    begin_p50: float | None
    """The same while nobody is being heard."""
    end_p50: float | None
    """From the last sound of a sentence until its turn ends; the silence that ends it included."""
    end_p95: float | None
    split_pct: float
    """Sentences whose turn ended before they did."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """All sounds in one condition."""

    noise: str | None
    snr_db: float
    alone: Frames
    backchannels: list[Frames]
    hellos: list[Frames]
    sentences: list[tuple[sounds.Said, Frames]]

    @classmethod
    def made(cls, kind: str | None, snr_db: float, most: int) -> Corpus:
        """The same sounds every time."""

        def phone(said: Sequence[sounds.Said]) -> list[Frames]:
            return [sounds.on_the_phone(one.sound, kind, snr_db, 1.7 * at) for at, one in enumerate(said)]

        minute = np.zeros(60 * sounds.HZ)
        spoken = sounds.sentences(most)
        return cls(
            kind,
            snr_db,
            sounds.on_the_phone(minute, kind, snr_db),
            phone(sounds.backchannels()),
            phone(sounds.hellos()),
            list(zip(spoken, phone(spoken), strict=True)),
        )


def _cut(judge: Judge, many: Sequence[Frames], over: Over) -> float:
    return 100 * statistics.fmean(bool(judge(one, over).spans) for one in many)


def _percentile(values: Sequence[float], percent: int) -> float | None:
    return round(float(np.percentile(values, percent)), 0) if values else None


def row(name: str, judge: Judge, corpus: Corpus) -> Row:
    """What this judge does there."""
    onsets, begins, ends, missed, split = [], [], [], 0, 0
    for said, frames in corpus.sentences:
        # What began before the voice did was the noise, and is counted there.
        cuts = [at for at, _ in judge(frames, Over.ANSWER).spans if at >= said.onset_ms]
        onsets += [cuts[0] - said.onset_ms] if cuts and cuts[0] <= said.end_ms + SILENCE_MS else []
        missed += not judge(frames, Over.ANSWER).spans
        spans = judge(frames, Over.NOTHING).spans
        begins += [at - said.onset_ms for at, _ in spans if said.onset_ms <= at <= said.end_ms][:1]
        split += any(end is not None and said.onset_ms < end < said.end_ms for _, end in spans)
        ends += [end - said.end_ms for _, end in spans if end is not None and end >= said.end_ms][:1]
    return Row(
        judge=name,
        noise=corpus.noise or "none",
        snr_db=None if corpus.noise is None else corpus.snr_db,
        noise_cuts_per_min=len(judge(corpus.alone, Over.ANSWER).spans),
        noise_turns_per_min=len(judge(corpus.alone, Over.NOTHING).spans),
        backchannels_cut_pct=_cut(judge, corpus.backchannels, Over.ANSWER),
        hellos_cut_pct=_cut(judge, corpus.hellos, Over.GREETING),
        barge_ins_missed_pct=100 * missed / len(corpus.sentences),
        onset_p50=_percentile(onsets, 50),
        onset_p95=_percentile(onsets, 95),
        begin_p50=_percentile(begins, 50),
        end_p50=_percentile(ends, 50),
        end_p95=_percentile(ends, 95),
        split_pct=100 * split / len(corpus.sentences),
    )


def settings(gate: Gate, corpora: Sequence[Corpus]) -> list[dict[str, float]]:
    """What other thresholds and limits would do, over all conditions: this is what the defaults were chosen from."""
    found = []
    for threshold, backchannel_ms in itertools.product((0.5, 0.6, 0.7), (0, 600, 700, 750, 800, 900)):
        rules = replace(GateRules(), threshold=threshold, backchannel_ms=backchannel_ms)
        rows = [row("gate", gate.judge(rules), corpus) for corpus in corpora]
        found.append(
            {
                "threshold": threshold,
                "backchannel_ms": backchannel_ms,
                "noise_cuts_per_min": round(statistics.fmean(one.noise_cuts_per_min for one in rows), 2),
                "backchannels_cut_pct": round(statistics.fmean(one.backchannels_cut_pct for one in rows), 1),
                "barge_ins_missed_pct": round(statistics.fmean(one.barge_ins_missed_pct for one in rows), 1),
                "onset_p50": round(statistics.fmean(one.onset_p50 or 0.0 for one in rows)),
            }
        )
    return found


def main() -> None:
    """Print the tables and keep them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sentences", type=int, default=60, help="how many sentences in each condition")
    most = parser.parse_args().sentences
    gate = Gate()
    corpora = [Corpus.made(kind, snr_db, most) for kind, snr_db in CONDITIONS]
    judges: dict[str, Judge] = {"gate": gate.judge(GateRules()), "ear": ear, "energy": energy}
    rows = [row(name, judge, corpus) for name, judge in judges.items() for corpus in corpora]
    print_rows(rows)
    chosen = settings(gate, corpora)
    print("\nthreshold  backchannel_ms  noise cuts/min  backchannels cut %  barge-ins missed %  onset p50 ms")
    for one in chosen:
        print("  ".join(f"{value:>10}" for value in one.values()))
    echoes = {}
    for level_db in ECHOES_DB:
        frames = sounds.on_the_phone(sounds.echo_of_agent(level_db), None, 0)
        echoes[str(level_db)] = {name: len(judge(frames, Over.ANSWER).spans) for name, judge in judges.items()}
    print("\nThe agent's own voice comes back 150 ms late; turns that it begins in a minute, by its level:", echoes)
    cpu_ms = gate.cpu_s * 1000 / (gate.frames * FRAME_MS / 1000)
    print(f"The detector took {cpu_ms:.2f} ms of CPU per call-second of sound that is never silent.")
    about = {
        "command": "scripts/bench turns",
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "rules": asdict(GateRules()),
        "sentences": len(corpora[0].sentences),
        "detector_cpu_ms_per_call_second": round(cpu_ms, 2),
    }
    kept = {**about, "rows": [asdict(one) for one in rows], "settings": chosen, "echo_turns_per_min": echoes}
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def print_rows(rows: Sequence[Row]) -> None:
    """As a table of Markdown."""
    print("| judge | noise | SNR dB | noise cuts, turns /min | backchannels, hellos that cut % | missed % ", end="")
    print("| cut after p50 / p95 ms | begin p50 | end p50 / p95 | split % |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for one in rows:
        print(
            f"| {one.judge} | {one.noise} | {'' if one.snr_db is None else round(one.snr_db)} "
            f"| {one.noise_cuts_per_min:.0f}, {one.noise_turns_per_min:.0f} "
            f"| {one.backchannels_cut_pct:.0f}, {one.hellos_cut_pct:.0f} | {one.barge_ins_missed_pct:.0f} "
            f"| {_ms(one.onset_p50)} / {_ms(one.onset_p95)} | {_ms(one.begin_p50)} "
            f"| {_ms(one.end_p50)} / {_ms(one.end_p95)} | {one.split_pct:.0f} |"
        )


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


if __name__ == "__main__":
    main()
