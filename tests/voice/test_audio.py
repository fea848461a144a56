"""The resamplers: no drift, no clicks, nothing lost, nothing added that was not said."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import signal  # type: ignore[import-untyped]

from functions.voice.audio import Downsampler, Upsampler, decode_ulaw, encode_ulaw

pytestmark = pytest.mark.portable

Resampler = Upsampler | Downsampler
PASS_BAND_HZ = (300, 500, 1000, 1020, 2000, 2600, 3000, 3200, 3300, 3400)
HOUR_FRAMES = 3600 * 50


def tone(hz: float, rate_hz: int, seconds: float = 0.5, level: float = 0.7) -> NDArray[np.int16]:
    """A tone that fades in over 50 ms, so that its edge has no energy elsewhere."""
    time = np.arange(int(rate_hz * seconds)) / rate_hz
    fade = np.minimum(1, time / 0.05)
    return np.rint(level * 32767 * fade * np.sin(2 * np.pi * hz * time)).astype("<i2")


def level_db(pcm: bytes, hz: float, rate_hz: int) -> float:
    """How loud one frequency is in the settled half of a recording; 0 dB is a tone at full scale."""
    samples = np.frombuffer(pcm, "<i2").astype(float)
    settled = samples[len(samples) // 2 :]
    window = np.blackman(len(settled))
    turns = np.exp(-2j * np.pi * hz / rate_hz * np.arange(len(settled)))
    amplitude = 2 * abs(np.dot(settled * window, turns)) / window.sum()
    return float(20 * np.log10(amplitude / 32767 + 1e-9))


def cut(pcm: bytes, sizes: list[int]) -> list[bytes]:
    """The same bytes in pieces of these sizes, the rest in one."""
    edges = [0]
    for size in sizes:
        edges.append(min(edges[-1] + size, len(pcm)))
    edges.append(len(pcm))
    return [pcm[a:b] for a, b in pairwise(edges)]


def noise(samples: int, seed: int = 7) -> bytes:
    return np.random.default_rng(seed).integers(-32768, 32768, samples).astype("<i2").tobytes()


class TestLength:
    """A frame in, a frame out, for as long as the call lasts."""

    def test_every_frame_is_answered_by_a_frame(self) -> None:
        up, down = Upsampler(), Downsampler()
        for _ in range(50):
            assert len(up.push(bytes(320))) == 640
            assert len(down.push(bytes(960))) == 320

    def test_an_hour_does_not_drift_by_a_sample(self) -> None:
        up, down = Upsampler(), Downsampler()
        told, minute = 0, noise(8000 * 60)
        for _ in range(60):
            heard = up.push(minute)
            told += len(down.push(heard + heard[: len(heard) // 2]))
        assert told == HOUR_FRAMES * 320

    @given(st.lists(st.integers(0, 3000), max_size=20))
    @example([1, 1, 1])
    @example([2, 2, 2])
    def test_three_samples_make_one_whatever_the_pieces(self, sizes: list[int]) -> None:
        down, told = Downsampler(), 0
        for total, size in zip(np.cumsum(sizes), sizes, strict=True):
            told += len(down.push(bytes(size)))
            assert told == total // 6 * 2


class TestPieces:
    """How the network cuts the stream cannot be heard."""

    @given(st.lists(st.integers(0, 2500), max_size=25))
    @example([2, 7680, 9600, 15360])
    @example([1])
    @example([1, 1, 1])
    @example([1919, 1, 1921])
    @pytest.mark.parametrize("make", [Upsampler, Downsampler])
    def test_streamed_equals_one_shot_sample_for_sample(self, make: type[Resampler], sizes: list[int]) -> None:
        pcm = noise(12_000)
        streamed, one_shot = make(), make()
        pieces = b"".join(streamed.push(piece) for piece in cut(pcm, sizes)) + streamed.flush()
        assert pieces == one_shot.push(pcm) + one_shot.flush()

    @pytest.mark.parametrize("make", [Upsampler, Downsampler])
    def test_equals_the_textbook_convolution(self, make: type[Resampler]) -> None:
        speech = np.frombuffer(noise(6000), "<i2") // 4
        up, down = (2, 1) if make is Upsampler else (1, 3)
        rate_hz = 8000 * max(up, down)
        taps = signal.firwin(48 * max(up, down), 3700, window=("kaiser", 6.5), fs=rate_hz) * up
        expected = signal.upfirdn(taps, speech, up, 1)[down - 1 :: down]
        actual = np.frombuffer(make().push(speech.tobytes()), "<i2")
        assert np.abs(actual - expected[: len(actual)]).max() < 0.51


class TestTone:
    """What a telephone carries passes whole; what it cannot carry is not folded into it."""

    @pytest.mark.parametrize("hz", PASS_BAND_HZ)
    def test_speech_passes_whole_to_the_model(self, hz: int) -> None:
        heard = Upsampler().push(tone(hz, 8000).tobytes())
        assert level_db(heard, hz, 16_000) == pytest.approx(20 * np.log10(0.7), abs=0.1)

    @pytest.mark.parametrize("hz", PASS_BAND_HZ)
    def test_speech_passes_whole_to_the_caller(self, hz: int) -> None:
        told = Downsampler().push(tone(hz, 24_000).tobytes())
        assert level_db(told, hz, 8000) == pytest.approx(20 * np.log10(0.7), abs=0.1)

    @pytest.mark.parametrize("hz", PASS_BAND_HZ)
    def test_no_mirror_image_reaches_the_model(self, hz: int) -> None:
        heard = Upsampler().push(tone(hz, 8000).tobytes())
        assert level_db(heard, 8000 - hz, 16_000) - level_db(heard, hz, 16_000) < -60

    @pytest.mark.parametrize("hz", [4600, 4800, 5000, 6000, 7000, 7700, 8000, 9000, 10_500, 11_900])
    def test_hiss_above_the_telephone_band_does_not_fold_into_it(self, hz: int) -> None:
        told = Downsampler().push(tone(hz, 24_000, level=0.99).tobytes())
        folded = abs((hz + 4000) % 8000 - 4000)
        assert level_db(told, folded, 8000) < -60

    @pytest.mark.parametrize(("make", "rate_hz", "out_hz"), [(Upsampler, 8000, 16_000), (Downsampler, 24_000, 8000)])
    def test_sound_comes_3_ms_late(self, make: type[Resampler], rate_hz: int, out_hz: int) -> None:
        click = np.zeros(rate_hz // 10, "<i2")
        click[rate_hz // 20 : rate_hz // 20 + 3] = 20_000
        peak = int(np.abs(np.frombuffer(make().push(click.tobytes()), "<i2").astype(int)).argmax())
        assert 1000 * peak / out_hz - 50 == pytest.approx(3, abs=0.2)

    def test_loud_sound_is_limited_and_never_wraps_round(self) -> None:
        square = np.repeat(np.tile([32767, -32768], 200), 24).astype("<i2")
        told = np.frombuffer(Downsampler().push(square.tobytes()), "<i2").astype(int)
        # Half a period is 8 samples at 8 kHz: between two samples the signal never leaps across the range.
        assert told.max() == 32767
        assert told.min() == -32768
        assert np.abs(np.diff(told)).max() < 65_000


class TestEndOfAnswer:
    """After flush or reset the stream begins anew."""

    @pytest.mark.parametrize(("make", "rate_hz", "out_hz"), [(Upsampler, 8000, 16_000), (Downsampler, 24_000, 8000)])
    def test_flush_brings_out_the_last_3_ms(self, make: type[Resampler], rate_hz: int, out_hz: int) -> None:
        speech = np.full(rate_hz // 10, 20_000, "<i2").tobytes()
        resampler = make()
        told = resampler.push(speech)
        tail = resampler.flush()
        assert 1000 * (len(tail) // 2) / out_hz == pytest.approx(3, abs=0.13)
        # The edge of the sound lies at the end of the tail, half-way down; up to there it is whole.
        assert np.frombuffer(told + tail, "<i2")[-len(tail) // 2 : -2].min() > 14_000

    @pytest.mark.parametrize("make", [Upsampler, Downsampler])
    @pytest.mark.parametrize("cut_off_at", [1, 2, 7, 961, 5000])
    def test_an_interrupted_answer_does_not_ring_into_the_next(self, make: type[Resampler], cut_off_at: int) -> None:
        loud, quiet = noise(3000), bytes(1920)
        resampler = make()
        resampler.push(loud[:cut_off_at])
        resampler.reset()
        assert resampler.push(quiet) == make().push(quiet)

    @pytest.mark.parametrize("make", [Upsampler, Downsampler])
    def test_a_flushed_answer_does_not_ring_into_the_next(self, make: type[Resampler]) -> None:
        resampler = make()
        resampler.push(noise(1001) + b"\x7f")
        resampler.flush()
        assert resampler.push(noise(960)) == make().push(noise(960))

    @pytest.mark.parametrize("make", [Upsampler, Downsampler])
    def test_nothing_in_nothing_out(self, make: type[Resampler]) -> None:
        resampler = make()
        assert resampler.push(b"") + resampler.push(b"\x01") + resampler.flush() == b""
        resampler.push(noise(480))
        assert resampler.flush() != b""
        assert resampler.flush() == b""
        assert resampler.push(noise(960)) == make().push(noise(960))


def test_calls_do_not_share_state() -> None:
    alone, beside, other = Downsampler(), Downsampler(), Downsampler()
    for seed in range(20):
        other.push(noise(480, seed=seed + 100))
        assert beside.push(noise(480, seed)) == alone.push(noise(480, seed))


def test_telephone_quality_survives_the_whole_way() -> None:
    """A tone through mu-law, up, down (by way of 24 kHz) and mu-law again keeps 30 dB above its noise."""
    at_24_khz = tone(1020, 24_000, level=0.3).tobytes()
    told = decode_ulaw(encode_ulaw(Downsampler().push(at_24_khz)))
    heard = np.frombuffer(Upsampler().push(told), "<i2").astype(float)[8000 // 2 :]
    window = np.hanning(len(heard))
    spectrum = np.abs(np.fft.rfft(heard * window)) ** 2
    hz = np.fft.rfftfreq(len(heard), 1 / 16_000)
    near = np.abs(hz - 1020) < 20
    assert 10 * np.log10(spectrum[near].sum() / spectrum[~near].sum()) > 30
