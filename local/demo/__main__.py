"""``python -m local.demo``: a phone call from the first ring to the record, with nothing configured.

With --firestore the records are kept by Google's own Firestore emulator instead of SQLite.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from local import free_port
from local.demo.after_calls import AfterCalls, after_calls, check_after_calls
from local.demo.campaign import CampaignRun, campaign, check_campaign
from local.demo.checks import Check, check_call
from local.demo.phone_network import PhoneNetwork
from local.demo.transcript import follow, line, styled
from local.dialogues import FOLDER, Dialogue, read_all
from local.firestore_emulator import EmulatorMissing, firestore_emulator
from local.serve import LOCAL_NUMBER, served, stand_ins
from shared.logs import start_logs
from shared.settings import Settings, read_settings

OUTPUT = Path("var/demo")
INDIA = ZoneInfo("Asia/Kolkata")
CALLER = "+919810000042"
NAMES = {"agent": "Tara ", "caller": "Meera"}
NOT_HERE = ("GEMINI_", "GOOGLE_", "TWILIO_", "FIRESTORE_", "STORE_URL", "PUBLIC_BASE_URL", "CLOCK", "PORT", "TOOLS_URL")


async def demo() -> bool:
    """Run it; whether everything was as it should be."""
    async with stand_ins(read_settings()) as around:
        settings = read_settings()
        start_logs(level="WARNING", project=None, as_json=False)
        assert around.telephone_network is not None
        dialogues = read_all(FOLDER)
        async with served(settings), _http(settings) as http:
            network = PhoneNetwork(around.telephone_network)
            try:
                async with after_calls(http) as after, campaign(http, network, dialogues["renewal"]) as run:
                    _announce(run)
                    checks = await _inbound_call(http, network, dialogues["reception"])
            finally:
                await network.close()
    _tell(run)
    _tell_readings(after)
    return _verdict([*checks, *check_campaign(run), *check_after_calls(after)])


def _http(settings: Settings) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.port}", timeout=20)


def _announce(run: CampaignRun) -> None:
    rows = ", ".join(f"{count} {name}" for name, count in run.list_counts.items())
    print(styled("A marketer uploads a list of renewals and launches a Hindi-English campaign.", "1"))
    print(f"  the list     {rows}")
    print(f"  the check    {run.preflight['summary']}\n")


def _tell(run: CampaignRun) -> None:
    print(styled("\nMeanwhile the campaign made its calls:\n", "1"))
    for call in sorted(run.calls, key=lambda one: str(one["started_at"])):
        for turn in call["turns"]:
            print(line(turn, {"agent": "Anjali", "caller": "callee"}))
        print()
    for row in run.results:
        then = f"again on {row['next_attempt_at'][:16]}" if row["next_attempt_at"] else row["refusal"]
        print(f"  {row['name']:<14} {row['state']:<9} {row['disposition']:<17} {row['outcome']:<19} {then}")
    print()


def _tell_readings(after: AfterCalls) -> None:
    print(styled("Afterwards each call was read by a text model, and a webhook told of it:\n", "1"))
    for event in sorted(after.told, key=lambda one: str(one["data"]["started_at"])):
        call, found = event["data"], event["data"]["analysis"]
        print(
            f"  {call['direction']:<9} {call['agent_id']:<10} {call['outcome']:<19} sentiment {found['sentiment']:+.2f}"
            f"   lead {found['lead_score']:>3}   rules {'kept' if found['rules_kept'] else 'broken'}"
        )
    print()


def _embedded_defaults() -> None:
    """An empty folder, and no accounts: those in the environment are for scripts/serve, this never calls anybody."""
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir(parents=True)
    for name in [name for name in os.environ if name.startswith(NOT_HERE)]:
        del os.environ[name]
    # Noon in India, so that its campaign is inside everybody's calling hours at any hour.
    os.environ["CLOCK"] = datetime.now(INDIA).replace(hour=12, minute=0, second=0, microsecond=0).isoformat()
    os.environ["PORT"] = str(free_port())
    os.environ["STORE_URL"] = f"sqlite:///{OUTPUT}/parley.db"
    os.environ["RECORDINGS_URL"] = f"file://{OUTPUT}/recordings"


async def _inbound_call(http: httpx.AsyncClient, network: PhoneNetwork, dialogue: Dialogue) -> list[Check]:
    print(styled("Meera calls Asha Clinic. Nothing here is real but the code: a local telephone network, a local", "1"))
    print(styled("speech model that listens, Twilio's and Gemini's wire formats, recorded voices.\n", "1"))
    script = dialogue.callers["meera"].model_dump(mode="json", exclude_none=True, exclude_unset=True)
    call_sid = await network.dial(CALLER, LOCAL_NUMBER, script)
    await follow(http, call_sid, NAMES)
    seen = await network.over(call_sid)
    own = await _own_recording(http, call_sid)
    call: dict[str, Any] = (await http.get(f"/api/calls/{call_sid}")).json()
    recording = await network.recording(call_sid)
    (OUTPUT / "call.wav").write_bytes(recording)
    (OUTPUT / "own_recording.wav").write_bytes(own)
    (OUTPUT / "call.json").write_text(json.dumps(call, ensure_ascii=False, indent=1), encoding="utf-8")
    (OUTPUT / "telephone_network.json").write_text(json.dumps(seen, ensure_ascii=False, indent=1), encoding="utf-8")
    _summary(call, seen)
    return await asyncio.to_thread(check_call, call, seen, recording, own, dialogue, "meera")


async def _own_recording(http: httpx.AsyncClient, call_sid: str) -> bytes:
    """What Parley recorded of the call, by the link that its API gives; empty if that is nothing."""
    told: dict[str, Any] = {}
    for _ in range(50):
        told = (await http.get(f"/api/calls/{call_sid}/recording")).json()
        if told.get("state") != "recording":
            break
        await asyncio.sleep(0.2)
    return (await http.get(told["url"])).content if told.get("url") else b""


def _summary(call: dict[str, Any], seen: dict[str, Any]) -> None:
    latency = call["latency"]
    cleared = next((event for event in seen["events"] if event["event"] == "clear"), None)
    spoke = next((event for event in seen["events"] if event["event"] == "interrupts"), None)
    reaction = f"{cleared['at_ms'] - spoke['at_ms']} ms" if cleared and spoke else "none"
    print(f"""
  time to first audio     {latency["first_audio_ms"]} ms after the stream began
  answer latency          {latency["answer_p50_ms"]} ms median, {latency["answer_p95_ms"]} ms p95
                          (of which the model waits 600 ms for silence and thinks 300 ms)
  barge-in reaction       {reaction} from the caller's first sound to Twilio's clear
  turns, tools, events    {len(call["turns"])}, {len(call["tool_results"])}, {len(call["events"])}

  listen   {OUTPUT}/call.wav    caller left, agent right, as heard; own_recording.wav is Parley's own
  read     {OUTPUT}/call.json   the call as the store has it
""")


def _verdict(checks: list[Check]) -> bool:
    for check in checks:
        sign = styled("✓", "32") if check.holds else styled("✗", "1;31")
        print(f"  {sign} {check.what}" + (styled(f"  {check.seen}", "2") if check.seen else ""))
    failed = [check for check in checks if not check.holds]
    if failed:
        print(styled(f"\nThe demonstration FAILED: {len(failed)} of {len(checks)} checks do not hold.", "1;31"))
    return not failed


@contextmanager
def _in_firestore() -> Iterator[None]:
    """Records are kept by the emulator while the block runs. Raises EmulatorMissing."""
    with firestore_emulator() as host:
        os.environ |= {"FIRESTORE_EMULATOR_HOST": host, "STORE_URL": "firestore://demo/(default)"}
        yield


def main() -> int | str:
    """Status of the process, or why it could not begin."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description="Parley's main job, with nothing configured.")
    parser.add_argument(
        "--firestore", action="store_true", help="keep the records in the Firestore emulator (gcloud's)"
    )
    firestore = parser.parse_args().firestore
    _embedded_defaults()
    try:
        with _in_firestore() if firestore else nullcontext():
            return 0 if asyncio.run(demo()) else 1
    except EmulatorMissing as error:
        return f"scripts/demo: {error}"


if __name__ == "__main__":
    sys.exit(main())
