"""Telephone audio to model audio and back: G.711 mu-law, 8 to 16 kHz, 24 to 8 kHz.

All audio is mono. PCM is 16-bit little-endian; mu-law is one byte a sample, 8,000 samples a second.

The resamplers are linear-phase FIR filters of 48 taps a phase that stop at 3.7 kHz. They answer every
20 ms frame with a 20 ms frame, hold nothing back, and delay sound by 3 ms. Coefficients are whole numbers of
2**-24 and samples whole numbers, so every sum fits a double without rounding: however the stream is cut, and
whichever linear-algebra library adds it up, the output is the same to the last bit.
"""

from __future__ import annotations

import functools
import warnings
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from functions.voice.frame import TELEPHONE_HZ, ULAW_FRAME_BYTES

with warnings.catch_warnings():
    # The standard library's own audioop says goodbye up to Python 3.12; from 3.13 on it is audioop-lts.
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

CALLER_HZ: Final = 16_000
"""What the speech model hears."""

_TAPS_PER_PHASE: Final = 48
_CUTOFF_HZ: Final = 3_700
"""Half-way down here: 3.4 kHz passes whole, and 4.6 kHz, which would fold on to it, is gone."""
_KAISER_BETA: Final = 6.5
"""Some 68 dB of stop band, 0.7 kHz after the pass band."""
_COEFFICIENT_STEP: Final = 2.0**-24
_BLOCK: Final = 16
"""8 kHz samples worked out by one row of the product; measured best of 8, 16, 32 and 80."""
_SLICE_BLOCKS: Final = 2 * ULAW_FRAME_BYTES // _BLOCK
"""Longer chunks go through in slices of 40 ms: small buffers, and never enough work to wake a BLAS thread."""


def decode_ulaw(ulaw: bytes) -> bytes:
    """PCM at the same rate, twice as many bytes."""
    return audioop.ulaw2lin(ulaw, 2)


def encode_ulaw(pcm: bytes) -> bytes:
    """Mu-law at the same rate, half as many bytes."""
    return audioop.lin2ulaw(pcm, 2)


def loudness(pcm: bytes) -> int:
    """Root mean square of the samples, 0 to 32,768."""
    return int(audioop.rms(pcm, 2))


class _Kernel(NamedTuple):
    """A resampling filter laid out as a matrix: one row of input samples in, one row of output samples out."""

    matrix: NDArray[np.float64]
    """(memory + fresh, outputs)"""
    memory: int
    """Input samples from before the block that still matter."""
    fresh: int
    """Input samples of a block."""
    outputs: int
    """Output samples of a block."""
    up: int
    down: int
    loudest: int
    """No sound up to this height can come out too high."""


@functools.cache
def _kernel(up: int, down: int) -> _Kernel:
    rate_hz = TELEPHONE_HZ * max(up, down)
    taps = _low_pass(_TAPS_PER_PHASE * max(up, down), rate_hz) * up
    taps = np.rint(taps / _COEFFICIENT_STEP) * _COEFFICIENT_STEP
    fresh, outputs = _BLOCK * down, _BLOCK * up
    memory = (len(taps) - 1) // up + 1 - down
    matrix = np.zeros((memory + fresh, outputs))
    for output in range(outputs):
        # The newest input that an output may use is the last one that has arrived when it is due.
        newest = (output * down) // up + down - 1
        phase = output % up
        for age, tap in enumerate(taps[phase::up]):
            matrix[memory + newest - age, output] = tap
    loudest = int(32767 / np.abs(matrix).sum(axis=0).max())
    return _Kernel(matrix, memory, fresh, outputs, up, down, loudest)


def _low_pass(length: int, rate_hz: int) -> NDArray[np.float64]:
    """A Kaiser-windowed sinc with a gain of one at 0 Hz."""
    centred = np.arange(length) - (length - 1) / 2
    taps = np.sinc(2 * _CUTOFF_HZ / rate_hz * centred) * np.kaiser(length, _KAISER_BETA)
    return np.asarray(taps / taps.sum(), dtype=np.float64)


class _Work(NamedTuple):
    """A filter's arrays, cut to so many blocks: making views costs more than filtering."""

    windows: NDArray[np.int16]
    """The buffer itself as overlapping rows."""
    inputs: NDArray[np.float64]
    sums: NDArray[np.float64]
    samples: NDArray[np.int16]
    pcm: memoryview


class _Bench:
    """Where slices are worked on, 50 kB: few for a kernel, so that they stay in the processor's cache.

    With one for every call, what a frame touches came from main memory, at four times the cost.
    """

    def __init__(self, kernel: _Kernel) -> None:
        # A block more than a slice: up to down - 1 samples may wait from the slice before.
        blocks = _SLICE_BLOCKS + 1
        rows = len(kernel.matrix)
        self.buffer = memoryview(bytearray(2 * (kernel.memory + blocks * kernel.fresh)))
        samples = np.zeros((blocks, kernel.outputs), np.dtype("<i2"))
        windows: NDArray[np.int16] = np.ndarray((blocks, rows), np.dtype("<i2"), self.buffer, 0, (2 * kernel.fresh, 2))
        inputs, sums = np.zeros((blocks, rows)), np.zeros((blocks, kernel.outputs))
        pcm = memoryview(samples).cast("B")
        self.cuts = [_Work(windows[:n], inputs[:n], sums[:n], samples[:n], pcm) for n in range(blocks + 1)]


@functools.cache
def _free_benches(up: int, down: int) -> list[_Bench]:
    """Those that nobody works on. Taking from a list and putting back are one step each, also among threads."""
    assert (up, down) in {(2, 1), (1, 3)}
    return []


class _Filter:
    """A kernel with its memory of the stream."""

    def __init__(self, kernel: _Kernel) -> None:
        self._kernel = kernel
        self._free = _free_benches(kernel.up, kernel.down)
        self._slice_bytes = 2 * _SLICE_BLOCKS * kernel.fresh
        self._begun = False
        self._odd = b""
        """Half a sample."""
        self._waiting = 0
        """Input samples that have not made a whole output sample yet."""
        self._kept = bytes(2 * kernel.memory)
        """The samples before the next one that still matter, and those that wait."""

    def push(self, pcm: bytes) -> bytes:
        if self._odd or len(pcm) & 1:
            pcm = self._odd + pcm
            whole = len(pcm) & ~1
            self._odd, pcm = pcm[whole:], pcm[:whole]
        if not pcm:
            return b""
        self._begun = True
        size = self._slice_bytes
        if len(pcm) <= size:
            return self._slice(pcm)
        return b"".join([self._slice(pcm[start : start + size]) for start in range(0, len(pcm), size)])

    def _slice(self, pcm: bytes) -> bytes:
        matrix, memory, fresh, _, up, down, loudest = self._kernel
        bench = self._free.pop() if self._free else _Bench(self._kernel)
        buffer, kept, size = bench.buffer, self._kept, len(pcm)
        start = len(kept)
        buffer[:start] = kept
        buffer[start : start + size] = pcm
        arrived = self._waiting + (size >> 1)
        periods = arrived // down
        used = periods * down
        self._waiting = arrived - used
        work = bench.cuts[-(-arrived // fresh)]
        # What lies beyond `arrived` is stale, and meets only outputs that are cut off below.
        np.copyto(work.inputs, work.windows)
        np.dot(work.inputs, matrix, work.sums)
        np.rint(work.sums, work.sums)
        if audioop.max(buffer[: start + size], 2) > loudest:
            work.sums.clip(-32768.0, 32767.0, work.sums)
        work.samples[...] = work.sums
        self._kept = bytes(buffer[2 * used : 2 * (used + memory + self._waiting)])
        made: bytes = work.pcm[: 2 * periods * up].tobytes()
        self._free.append(bench)
        return made

    def flush(self) -> bytes:
        if not self._begun:
            self.reset()
            return b""
        up, down = self._kernel.up, self._kernel.down
        # Half of the filter's length: with it, the last sample pushed comes out at its full height.
        delay = (_TAPS_PER_PHASE * max(up, down) // 2 - 1) // up + 1
        silence = -(-(self._waiting + delay) // down) * down - self._waiting
        tail = self._slice(bytes(2 * silence))
        self.reset()
        return tail

    def reset(self) -> None:
        self._begun = False
        self._odd = b""
        self._waiting = 0
        self._kept = bytes(2 * self._kernel.memory)


class Upsampler:
    """The caller's voice, 8 to 16 kHz: two samples for each one pushed, 3 ms late."""

    def __init__(self) -> None:
        self._filter = _Filter(_kernel(2, 1))

    def push(self, pcm: bytes) -> bytes:
        """PCM at 16 kHz for PCM at 8 kHz, of any length; half a sample waits for its other half."""
        return self._filter.push(pcm)

    def flush(self) -> bytes:
        """The 3 ms still inside, if anything is; the stream begins anew after it."""
        return self._filter.flush()

    def reset(self) -> None:
        """Forget the stream, so that nothing of it is heard in the next one."""
        self._filter.reset()


class Downsampler:
    """The agent's voice, 24 to 8 kHz: a sample for each three pushed, 3 ms late."""

    def __init__(self) -> None:
        self._filter = _Filter(_kernel(1, 3))

    def push(self, pcm: bytes) -> bytes:
        """PCM at 8 kHz for PCM at 24 kHz, of any length; what does not make a whole sample waits for more."""
        return self._filter.push(pcm)

    def flush(self) -> bytes:
        """The end of an answer: the 3 ms still inside, if anything is; the next answer begins anew."""
        return self._filter.flush()

    def reset(self) -> None:
        """The answer was cut off: nothing of it may ring into the next one."""
        self._filter.reset()
