"""Google's own Firestore emulator, started on a free port of this machine and stopped again.

    with firestore_emulator() as host:
        os.environ["FIRESTORE_EMULATOR_HOST"] = host

It comes with gcloud (the component cloud-firestore-emulator) and needs Java. The jar is started directly: gcloud's
wrapper takes five times as long and leaves Java running when it is stopped.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from local import free_port

JAR = Path("platform/cloud-firestore-emulator/cloud-firestore-emulator.jar")
MAIN_CLASS = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"
JAVA_OPTIONS = ("-Xmx768m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""For a machine with two cores: ready in half the time, and no memory that others need."""
START_DEADLINE_S = 25.0
STOP_DEADLINE_S = 5.0
POLL_S = 0.05

TIED_TO_US = 'exec 3<&0; "$@" </dev/null 3<&- & child=$!; (cat <&3 >/dev/null; kill "$child") & wait "$child"'
"""A shell that stops the emulator once our end of its pipe is closed, even if we were killed."""


class EmulatorMissing(Exception):
    """This machine cannot run the Firestore emulator; the message says what it lacks."""


class EmulatorFailed(Exception):
    """The emulator is there but did not start."""


def emulator_jar() -> Path:
    """The emulator's program. Raises EmulatorMissing."""
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        raise EmulatorMissing("gcloud is not installed")
    if shutil.which("java") is None:
        raise EmulatorMissing("java is not installed")
    jar = Path(gcloud).resolve().parents[1] / JAR
    if not jar.exists():
        jar = _sdk_root(gcloud) / JAR
    if not jar.exists():
        raise EmulatorMissing("gcloud lacks its component cloud-firestore-emulator")
    return jar


@contextmanager
def firestore_emulator() -> Iterator[str]:
    """A running emulator's host:port. Raises EmulatorMissing, EmulatorFailed."""
    jar = emulator_jar()
    port = free_port()
    command = ["java", *JAVA_OPTIONS, "-cp", str(jar), MAIN_CLASS, "start", "--host=127.0.0.1", f"--port={port}"]
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            ["/bin/sh", "-c", TIED_TO_US, "sh", *command, "--database-mode=firestore-native"],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            if not _answers(f"http://127.0.0.1:{port}/", process):
                output.seek(0)
                last = output.read().decode(errors="replace").strip().splitlines()[-1:]
                raise EmulatorFailed(f"the Firestore emulator did not start: {' '.join(last)}")
            yield f"127.0.0.1:{port}"
        finally:
            _stop(process)


def _sdk_root(gcloud: str) -> Path:
    asked = [gcloud, "info", "--format=value(installation.sdk_root)"]
    with suppress(subprocess.SubprocessError):
        return Path(subprocess.run(asked, capture_output=True, text=True, timeout=20, check=True).stdout.strip())
    raise EmulatorMissing("gcloud does not say where it is installed")


def _answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    give_up_at = time.monotonic() + START_DEADLINE_S
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < give_up_at and process.poll() is None:
        with suppress(urllib.error.URLError, ConnectionError, TimeoutError), direct.open(url, timeout=1) as answer:
            return bool(answer.status == 200)
        time.sleep(POLL_S)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_DEADLINE_S)
        return
    # The shell and the emulator, which are all there is in the group that started with them.
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(STOP_DEADLINE_S)
