"""What each way of transcoding a call costs, holds back and lets through. `python -m bench.audio`

Times are microseconds per 20 ms of sound, mu-law included: the mean over 8 s, because some candidates save their
work up and do it in bursts, and the best of several passes, because other programs disturb. Still, compare rows
rather than machines.
"""

from __future__ import annotations

import audioop
import json
import platform
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soxr

from functions.voice.audio import Downsampler, Upsampler, decode_ulaw, encode_ulaw

RESULTS = Path(__file__).parent / "results" / "audio.json"
FRAMES = 400
PASSES = 7

Step = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Row:
    """One candidate in one direction, fed in chunks of one length."""

    candidate: str
    direction: str
    chunk_ms: int
    us_per_20_ms: float
    withheld_ms: float
    """The most sound it had taken in and not given back, after any chunk."""
    chunks_before_sound: int
    unwanted_db: float
    """The loudest thing left of what must not be there: images up to 3.4 kHz, aliases from 4.6 kHz."""


def parley_up() -> Step:
    up = Upsampler()
    return lambda ulaw: up.push(decode_ulaw(ulaw))


def parley_down() -> Step:
    down = Downsampler()
    return lambda pcm: encode_ulaw(down.push(pcm))


def ratecv_up() -> Step:
    state = None

    def step(ulaw: bytes) -> bytes:
        nonlocal state
        pcm, state = audioop.ratecv(decode_ulaw(ulaw), 2, 1, 8000, 16_000, state)
        return pcm

    return step


def ratecv_down() -> Step:
    state = None

    def step(pcm: bytes) -> bytes:
        nonlocal state
        narrow, state = audioop.ratecv(pcm, 2, 1, 24_000, 8000, state)
        return encode_ulaw(narrow)

    return step


def soxr_up(quality: str) -> Callable[[], Step]:
    def make() -> Step:
        stream = soxr.ResampleStream(8000, 16_000, 1, "int16", quality)
        return lambda ulaw: stream.resample_chunk(np.frombuffer(decode_ulaw(ulaw), "<i2")).tobytes()

    return make


def soxr_down(quality: str) -> Callable[[], Step]:
    def make() -> Step:
        stream = soxr.ResampleStream(24_000, 8000, 1, "int16", quality)
        return lambda pcm: encode_ulaw(stream.resample_chunk(np.frombuffer(pcm, "<i2")).tobytes())

    return make


UP: dict[str, Callable[[], Step]] = {
    "parley": parley_up,
    "audioop.ratecv": ratecv_up,
    "soxr QQ": soxr_up("QQ"),
    "soxr HQ": soxr_up("HQ"),
    "soxr VHQ": soxr_up("VHQ"),
}
DOWN: dict[str, Callable[[], Step]] = {
    "parley": parley_down,
    "audioop.ratecv": ratecv_down,
    "soxr QQ": soxr_down("QQ"),
    "soxr HQ": soxr_down("HQ"),
    "soxr VHQ": soxr_down("VHQ"),
}


def cost_us(make: Callable[[], Step], chunk: bytes, chunk_ms: int) -> float:
    step, passes = make(), []
    count = FRAMES * 20 // chunk_ms
    for _ in range(PASSES):
        started = time.perf_counter_ns()
        for _ in range(count):
            step(chunk)
        passes.append((time.perf_counter_ns() - started) / count / 1000 * 20 / chunk_ms)
    return min(passes)


def withheld(make: Callable[[], Step], chunk: bytes, chunk_ms: int, bytes_per_ms: int) -> tuple[float, int]:
    step, behind_ms, silent, got = make(), 0.0, 0, 0
    for n in range(1, 1 + 3000 // chunk_ms):
        got += len(step(chunk))
        silent += not got
        behind_ms = max(behind_ms, n * chunk_ms - got / bytes_per_ms)
    return behind_ms, silent + 1


def tone(hz: float, rate_hz: int) -> bytes:
    moments = np.arange(rate_hz) / rate_hz
    fade = np.minimum(1, moments / 0.05)
    return bytes(np.rint(22_000 * fade * np.sin(2 * np.pi * hz * moments)).astype("<i2").tobytes())


def level_db(pcm: bytes, hz: float, rate_hz: int) -> float:
    settled = np.frombuffer(pcm, "<i2").astype(float)[rate_hz // 4 : rate_hz // 4 * 3]
    window = np.blackman(len(settled))
    turns = np.exp(-2j * np.pi * hz / rate_hz * np.arange(len(settled)))
    return float(20 * np.log10(2 * abs(np.dot(settled * window, turns)) / window.sum() / 22_000 + 1e-9))


def chunks(audio: bytes, size: int) -> Iterable[bytes]:
    return (audio[start : start + size] for start in range(0, len(audio), size))


def image_db(make: Callable[[], Step]) -> float:
    """Mu-law makes noise of its own, some 60 dB down in any one bin of this measurement."""
    levels = []
    for hz in range(300, 3401, 100):
        step = make()
        pcm = b"".join(step(chunk) for chunk in chunks(encode_ulaw(tone(hz, 8000)), 160))
        levels.append(level_db(pcm, 8000 - hz, 16_000))
    return max(levels)


def alias_db(make: Callable[[], Step]) -> float:
    levels = []
    for hz in range(4600, 11_900, 300):
        step = make()
        ulaw = b"".join(step(chunk) for chunk in chunks(tone(hz, 24_000), 960))
        levels.append(level_db(decode_ulaw(ulaw), abs((hz + 4000) % 8000 - 4000), 8000))
    return max(levels)


def measure() -> list[Row]:
    rng, rows = np.random.default_rng(1), []
    for direction, candidates in (("up", UP), ("down", DOWN)):
        for name, make in candidates.items():
            unwanted = image_db(make) if direction == "up" else alias_db(make)
            for chunk_ms in (20, 40, 100):
                sound = rng.integers(-8000, 8000, (8 if direction == "up" else 24) * chunk_ms).astype("<i2").tobytes()
                chunk, bytes_per_ms = (encode_ulaw(sound), 32) if direction == "up" else (sound, 8)
                behind_ms, first = withheld(make, chunk, chunk_ms, bytes_per_ms)
                cost = cost_us(make, chunk, chunk_ms)
                row = Row(name, direction, chunk_ms, round(cost, 2), round(behind_ms, 1), first, round(unwanted, 1))
                rows.append(row)
    return rows


def main() -> None:
    rows = measure()
    print(f"{'candidate':15} {'way':5} {'chunk':>6} {'µs/20 ms':>9} {'withheld':>9} {'silent for':>10} {'unwanted':>9}")
    for row in rows:
        print(
            f"{row.candidate:15} {row.direction:5} {row.chunk_ms:3} ms {row.us_per_20_ms:9.2f}"
            f" {row.withheld_ms:6.1f} ms {(row.chunks_before_sound - 1) * row.chunk_ms:7} ms {row.unwanted_db:6.1f} dB"
        )
    ours = statistics.mean(row.us_per_20_ms for row in rows if row.candidate == "parley" and row.chunk_ms == 20)
    print(f"\nParley transcodes both ways of a call for {ours * 2 * 50 / 1e4:.2f} % of a core.")
    RESULTS.parent.mkdir(exist_ok=True)
    machine = {"python": platform.python_version(), "numpy": np.__version__, "machine": platform.machine()}
    RESULTS.write_text(json.dumps({"machine": machine, "rows": [asdict(row) for row in rows]}, indent=1) + "\n")


if __name__ == "__main__":
    main()
