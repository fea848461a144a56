"""What recording costs a call: on the event loop, in the threads behind it, and in memory.

Both parties make sound all the time, in frames of 20 ms and with a mark every 200 ms, which is more than any call does.
Calls are driven one after the other and faster than real time, so that only work is counted. To a folder, and to Cloud
Storage's emulator, whose own work is done in a process of its own.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx

from functions.voice.recording.part_writer import Outage, PartWriter
from functions.voice.recording.recorder import StreamRecorder
from local import free_port
from shared.domain.recording import StreamRecording
from shared.objects import open_objects
from shared.objects.objects import Objects

RESULTS = Path(__file__).parent / "results" / "recording.json"
SECONDS = 600
FRAMES = 50
LATER = datetime(2027, 1, 1, tzinfo=UTC)
EMULATOR = """
import sys
from gcp_storage_emulator.server import create_server
create_server("127.0.0.1", int(sys.argv[1]), in_memory=True, default_bucket="bench").run()
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One place for recordings. CPU per second of call, in milliseconds."""

    place: str
    loop_ms: float
    threads_ms: float
    finish_s: float
    """From the end of a ten-minute call to its whole file."""
    memory_kb: float
    """Most that Python held for one call while the store was there."""


async def one_call(objects: Objects, name: str, threads: ThreadPoolExecutor) -> tuple[float, float]:
    """Milliseconds of CPU per call-second on the loop, and seconds to finish."""
    done: asyncio.Future[StreamRecording] = asyncio.get_running_loop().create_future()
    writer = PartWriter(objects, f"2027-01-01/{name}/", 1, LATER, Outage())
    recorder = StreamRecorder(name, 1, writer, threads, done.set_result)
    cpu_s = 0.0
    for second in range(SECONDS):
        began_s = time.thread_time()
        for frame in range(FRAMES):
            now_ms = second * 1000 + frame * 20.0 + 20
            recorder.caller(bytes(160), second * 1000 + frame * 20, now_ms)
            recorder.agent(bytes(160), now_ms)
            if frame % 10 == 9:
                recorder.mark(f"0:{(second * FRAMES + frame + 1) * 160}", now_ms)
        cpu_s += time.thread_time() - began_s
        if second % 2:
            # The thread keeps up, as it does in real time.
            await asyncio.get_running_loop().run_in_executor(threads, lambda: None)
            await asyncio.sleep(0)
    ends_s = time.monotonic()
    recorder.close(SECONDS * 1000.0)
    described = await done
    assert described.ms == SECONDS * 1000, described
    assert not described.lost_ms, described
    return cpu_s * 1000 / SECONDS, time.monotonic() - ends_s


async def measured(place: str, objects: Objects) -> Row:
    with ThreadPoolExecutor(1) as threads:
        await one_call(objects, "CA0", threads)
        whole_s = time.process_time()
        loop_ms, finish_s = await one_call(objects, "CA1", threads)
        all_ms = (time.process_time() - whole_s) * 1000 / SECONDS
        tracemalloc.start()
        await one_call(objects, "CA2", threads)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return Row(place, round(loop_ms, 3), round(all_ms - loop_ms, 3), round(finish_s, 2), round(most / 1024, 0))


@contextmanager
def emulated_cloud() -> Iterator[str]:
    """The address of a bucket in an emulator."""
    port = free_port()
    emulator = subprocess.Popen([sys.executable, "-c", EMULATOR, str(port)], stderr=subprocess.DEVNULL)
    os.environ["STORAGE_EMULATOR_HOST"] = f"http://127.0.0.1:{port}"
    try:
        for _ in range(100):
            try:
                httpx.get(f"http://127.0.0.1:{port}/storage/v1/b/bench", timeout=1)
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield "gs://bench"
    finally:
        emulator.terminate()
        emulator.wait(10)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = [asyncio.run(measured("a folder", open_objects(f"file://{folder}")))]
    with emulated_cloud() as url:
        rows.append(asyncio.run(measured("Cloud Storage (emulator)", open_objects(url))))
    print(f"{'place':26} {'loop':>10} {'threads':>10} {'finish':>9} {'memory':>9}   per call-second; per call")
    for row in rows:
        cost = f"{row.loop_ms:7.3f} ms {row.threads_ms:7.3f} ms"
        print(f"{row.place:26} {cost} {row.finish_s:7.2f} s {row.memory_kb:6.0f} kB")
    RESULTS.parent.mkdir(exist_ok=True)
    machine = {"python": platform.python_version(), "machine": platform.machine(), "cpus": os.cpu_count()}
    measured_at = datetime.now(UTC).date().isoformat()
    document = {"date": measured_at, "machine": machine, "rows": [asdict(row) for row in rows]}
    RESULTS.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
