"""cloudbuild.yaml and docs/deploy.md: nothing in them that Google's own tools would refuse."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from shared.settings import Settings
from tests.deploy.build_plan import BUILT_IN, ROOT, BuildPlan, gcloud_commands_in
from tests.deploy.gcloud import lint, require_gcloud

pytestmark = pytest.mark.timeout(150)

SERVICES = ["voice", "tools", "campaigns", "console"]
MANUAL = (ROOT / "docs" / "deploy.md").read_text()
STAND_INS = {
    "BILLING_ACCOUNT": "000000-000000-000000",
    "CAMPAIGNS_URL": "https://campaigns-123456789012.us-central1.run.app",
    "MARKETER": "user:you@example.com",
    "PROJECT": BUILT_IN["PROJECT_ID"],
    "PROJECT_NUMBER": BUILT_IN["PROJECT_NUMBER"],
    "REGION": "us-central1",
    "REVISION": "voice-b-1",
    "TWILIO_ACCOUNT_SID": "AC00000000000000000000000000000000",
    "TWILIO_NUMBER": "+12025550123",
    "account": "voice-runtime",
    "role": "roles/run.developer",
    "service": "voice",
}
INDEXES = {
    "indexes": [
        {
            "collectionGroup": "calls",
            "queryScope": "COLLECTION",
            "fields": [
                {"fieldPath": "campaign_id", "order": "ASCENDING"},
                {"fieldPath": "started_at", "order": "DESCENDING"},
            ],
        }
    ],
    "fieldOverrides": [
        {"collectionGroup": "turns", "fieldPath": "text", "indexes": []},
        {"collectionGroup": "stream_tokens", "fieldPath": "expires_at", "ttl": True, "indexes": []},
    ],
}


@pytest.fixture(scope="module")
def plan() -> BuildPlan:
    return BuildPlan.read()


def blocks() -> str:
    """The shell of the manual, with its variables filled in."""
    shell = "\n".join(re.findall(r"^```bash\n(.*?)^```", MANUAL, re.DOTALL | re.MULTILINE))
    shell = re.sub(r"<<'PYTHON'.*?^PYTHON", "", shell, flags=re.DOTALL | re.MULTILINE)
    inline = "\n".join(re.findall(r"`(gcloud [^`]*)`", re.sub(r"^```.*?^```", "", MANUAL, flags=re.S | re.M)))
    return re.sub(r"\$(\w+)", lambda match: STAND_INS.get(match[1], match[0]), f"{shell}\n{inline}\n")


def index_commands() -> list[str]:
    """What the manual's little program prints."""
    (program,) = re.findall(r"<<'PYTHON' \| bash\n(.*?)^PYTHON", MANUAL, re.DOTALL | re.MULTILINE)
    program = program.replace('json.load(open("firestore.indexes.json"))', f"json.loads('''{json.dumps(INDEXES)}''')")
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    return list(gcloud_commands_in(printed))


def test_the_schema_of_cloud_build_holds(tmp_path: Path) -> None:
    def ended(path: Path) -> int:
        tool = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.cloudbuild", str(path)]
        return subprocess.run(tool, capture_output=True).returncode

    assert ended(ROOT / "cloudbuild.yaml") == 0
    wrong = tmp_path / "cloudbuild.yaml"
    wrong.write_text((ROOT / "cloudbuild.yaml").read_text().replace("waitFor:", "waitsFor:"))
    assert ended(wrong) != 0


def test_every_substitution_has_a_value_and_is_used(plan: BuildPlan) -> None:
    assert plan.missing == set()
    text = (ROOT / "cloudbuild.yaml").read_text()
    assert [name for name in plan.substitutions if f"${{{name}}}" not in text] == []


def test_gcloud_takes_every_command_of_the_build(plan: BuildPlan, tmp_path: Path) -> None:
    require_gcloud()
    commands = list(plan.gcloud_commands())
    assert sum("run deploy" in command for command in commands) == 4
    assert sum("update-traffic" in command for command in commands) == 4
    wrong = ["gcloud run deploy voice --no-such-flag", "gcloud run deploy voice --concurrency=many"]
    assert set(lint([*commands, *wrong], tmp_path)) == set(wrong)


def test_gcloud_takes_every_command_of_the_manual(tmp_path: Path) -> None:
    require_gcloud()
    commands = [*gcloud_commands_in(blocks()), *index_commands()]
    assert len(commands) > 40
    assert lint(list(dict.fromkeys(commands)), tmp_path) == {}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_checked_and_tested_before_it_is_deployed_and_tried_before_it_gets_traffic(
    plan: BuildPlan, name: str
) -> None:
    service = plan.service(name)
    assert plan.step("check")["args"] == ["scripts/check"]
    assert plan.step("test")["args"] == ["scripts/test"]
    assert plan.step("test")["waitFor"] == ["check"]
    assert plan.step(f"deploy-{name}")["waitFor"] == ["test"]
    assert "--no-traffic" in service.flags
    assert f"deploy-{name}" in plan.step("smoke")["waitFor"]
    assert plan.step(f"traffic-{name}")["waitFor"] in (["smoke"], ["traffic-tools"])
    (revision,) = (arg for arg in plan.step(f"traffic-{name}")["args"] if arg.startswith("--to-revisions="))
    assert revision == f"--to-revisions={name}-{service.flags['--revision-suffix']}=100"
    assert len(f"{name}-{service.flags['--revision-suffix']}") <= 63


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_given_settings_that_exist_and_that_fit_together(plan: BuildPlan, name: str) -> None:
    service = plan.service(name)
    given = service.pairs("--set-env-vars")
    secrets = service.pairs("--set-secrets")
    assert {variable.lower() for variable in [*given, *secrets]} <= set(Settings.model_fields)
    os.environ.update(given)
    os.environ.update(dict.fromkeys(secrets, "a secret that is long enough"))
    if "TWILIO_AUTH_TOKEN" in secrets:
        os.environ["TWILIO_ACCOUNT_SID"] = STAND_INS["TWILIO_ACCOUNT_SID"]
    settings = Settings()
    assert settings.store_url == "firestore://my-parley/(default)"
    assert settings.public_base_url == "https://voice-123456789012.us-central1.run.app"


def test_secrets_are_secrets_and_each_service_gets_only_its_own(plan: BuildPlan) -> None:
    got = {name: set(plan.service(name).pairs("--set-secrets")) for name in SERVICES}
    assert got == {
        "voice": {"TWILIO_AUTH_TOKEN", "GEMINI_API_KEY", "NUMBER_HASH_KEY"},
        "tools": {"NUMBER_HASH_KEY"},
        "campaigns": {"TWILIO_AUTH_TOKEN", "GEMINI_API_KEY", "NUMBER_HASH_KEY"},
        "console": {"NUMBER_HASH_KEY"},
    }
    for name in SERVICES:
        assert not got[name] & set(plan.service(name).pairs("--set-env-vars"))


def test_calls_have_an_hour_and_a_processor_that_is_not_taken_away(plan: BuildPlan) -> None:
    flags = plan.service("voice").flags
    assert flags["--timeout"] == "3600"
    assert {"--no-use-http2", "--no-cpu-throttling", "--cpu-boost"} <= set(flags)
    assert flags["--min"] == "1"


def test_every_account_and_role_that_the_build_names_is_made_in_the_manual(plan: BuildPlan) -> None:
    named = set(re.findall(r"([a-z-]+)@my-parley\.iam\.gserviceaccount\.com", json.dumps(plan.steps)))
    made = set(re.findall(r"for account in ([a-z -]+); do\n\s+gcloud iam service-accounts create", MANUAL)[0].split())
    assert named <= made
    assert set(re.findall(r"secrets create ([a-z-]+)", MANUAL)) == {
        secret.partition(":")[0] for name in SERVICES for secret in plan.service(name).pairs("--set-secrets").values()
    }


NOT_FOR_THE_BUILD = {
    "K_SERVICE": "Cloud Run sets it",
    "PORT": "Cloud Run sets it",
    "SSL_CERT_FILE": "the image's own certificates are right",
    "TOOL_PRIVATE_HOSTS": "the services are in no network of ours",
    "CLOCK": "for laptops and tests",
    "CLOUD_TASKS_ENDPOINT": "for laptops and tests",
    "FIRESTORE_EMULATOR_HOST": "for laptops and tests",
    "GOOGLE_GEMINI_BASE_URL": "for laptops and tests",
    "GOOGLE_KEYS_URL": "for laptops and tests",
    "GOOGLE_VERTEX_BASE_URL": "for laptops and tests",
    "SECRET_MANAGER_ENDPOINT": "for laptops and tests",
    "STORAGE_EMULATOR_HOST": "for laptops and tests",
    "TWILIO_API_BASE_URL": "for laptops and tests",
}


def test_every_setting_is_made_by_the_build_because_it_forgets_what_was_set_by_hand(plan: BuildPlan) -> None:
    made = {
        name
        for service in SERVICES
        for flag in ("--set-env-vars", "--set-secrets")
        for name in plan.service(service).pairs(flag)
    }
    assert made | set(NOT_FOR_THE_BUILD) == {name.upper() for name in Settings.model_fields}
    assert not made & set(NOT_FOR_THE_BUILD)


def test_recordings_have_one_rule_by_which_they_are_deleted() -> None:
    """A lifecycle file replaces the whole policy: a second one would undo what agents promise."""
    assert len(re.findall(r"--lifecycle-file", MANUAL)) == 1
    assert re.findall(r'"condition": ({.*?})', MANUAL) == ['{"daysSinceCustomTime": 0}']


def test_a_revision_made_by_hand_is_given_the_traffic_that_builds_leave_on_their_own() -> None:
    _, after_the_first_build = blocks().split("gcloud builds triggers create")
    made = re.findall(r"gcloud run services update (\S+)", after_the_first_build)
    moved = re.findall(r"gcloud run services update-traffic (\S+) \S+ --to-latest", after_the_first_build)
    assert made == moved == ["voice"], "a loop over the services, filled in"


def test_every_setting_is_in_the_manual() -> None:
    described = set(re.findall(r"^\| `([A-Z_]+)`\*? \|", MANUAL, re.MULTILINE))
    assert described == {name.upper() for name in Settings.model_fields}
