"""Settings: what the environment may say, what is refused, and how it is told."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from local.secret_manager import SecretManager
from shared.outside import is_loopback, parse_origin
from shared.secrets import SecretUnreadable
from shared.settings import LAPTOP_HASH_KEY, Settings, SettingsError, current_settings, read_settings

pytestmark = pytest.mark.portable

ROOT = Path(__file__).resolve().parents[1]
ACCOUNT = "AC" + "0" * 32
CLOUD = {
    "STORE_URL": "firestore://parley/(default)",
    "NUMBER_HASH_KEY": "0123456789abcdef",
    "GEMINI_API_KEY": "key-of-the-model",
    "TWILIO_ACCOUNT_SID": ACCOUNT,
    "TWILIO_AUTH_TOKEN": "token-of-the-carrier",
    "PUBLIC_BASE_URL": "https://voice.example.com",
}
LOCAL = {
    "GEMINI_API_KEY": "any",
    "GOOGLE_GEMINI_BASE_URL": "https://127.0.0.1:4001",
    "TWILIO_ACCOUNT_SID": ACCOUNT,
    "TWILIO_AUTH_TOKEN": "any",
    "TWILIO_API_BASE_URL": "https://localhost:4002",
    "CLOCK": "2026-11-23T10:00:00+05:30",
}


def settings_of(**variables: str) -> Settings:
    """The settings of a process with these variables."""
    os.environ.update(variables)
    return read_settings()


def refusal_of(**variables: str) -> str:
    """What a process with these variables says before it ends."""
    with pytest.raises(SettingsError) as refused:
        settings_of(**variables)
    return str(refused.value)


def test_an_empty_environment_is_a_laptop() -> None:
    settings = settings_of()
    assert settings.port == 8080
    assert settings.public_base_url == "http://127.0.0.1:8080"
    assert settings.store_url == "sqlite:///var/parley.db"
    assert settings.twilio_api_base_url == "https://api.twilio.com"
    assert settings.twilio_calls_per_second == 1
    assert settings.twilio_concurrent_calls == 1000
    assert settings.hash_key == LAPTOP_HASH_KEY.encode()
    assert (settings.speech_configured, settings.carrier_configured, settings.in_cloud) == (False, False, False)


def test_empty_variables_are_unset_ones() -> None:
    assert settings_of(GEMINI_API_KEY="", TWILIO_NUMBERS="", CLOCK="", PUBLIC_BASE_URL="") == settings_of()


def test_the_public_address_follows_the_port_unless_it_is_given() -> None:
    assert settings_of(PORT="9000").public_base_url == "http://127.0.0.1:9000"
    assert settings_of(PUBLIC_BASE_URL="https://Calls.Example.com/").public_base_url == "https://calls.example.com"


def test_a_cloud_service_reads_everything_it_was_given() -> None:
    settings = settings_of(**CLOUD, K_SERVICE="voice", TWILIO_NUMBERS="+12025550123 +919876543210,+442071838750")
    assert settings.in_cloud
    assert settings.speech_configured
    assert settings.carrier_configured
    assert settings.twilio_numbers == ("+12025550123", "+919876543210", "+442071838750")
    assert settings.hash_key == b"0123456789abcdef"


def test_the_clock_keeps_the_instant_of_its_offset() -> None:
    clock = settings_of(CLOCK="2026-11-23T10:00:00+05:30").clock
    assert clock == datetime(2026, 11, 23, 4, 30, tzinfo=UTC)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        settings_of().port = 1


def test_the_process_reads_its_settings_once() -> None:
    first = current_settings()
    os.environ["PORT"] = "9999"
    assert current_settings() is first


def test_every_wrong_variable_is_named_at_once() -> None:
    refusal = refusal_of(
        PORT="http",
        TWILIO_NUMBERS="12025550123",
        CLOCK="2026-11-23T10:00:00",
        LOG_LEVEL="loud",
        TWILIO_ACCOUNT_SID="SK" + "0" * 32,
        GOOGLE_GENAI_USE_VERTEXAI="1",
        STORE_URL="mysql://here",
        NUMBER_HASH_KEY="short",
    )
    for name in (
        "PORT TWILIO_NUMBERS CLOCK LOG_LEVEL TWILIO_ACCOUNT_SID GOOGLE_CLOUD_PROJECT GOOGLE_CLOUD_LOCATION STORE_URL"
        " NUMBER_HASH_KEY"
    ).split():
        assert f"\n  {name}: " in refusal


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("PORT", "0", "greater than or equal to 1"),
        ("PORT", "70000", "less than or equal to 65535"),
        ("PUBLIC_BASE_URL", "http://calls.example.com", "must be https"),
        ("PUBLIC_BASE_URL", "https://calls.example.com/voice", "without a path"),
        ("PUBLIC_BASE_URL", "calls.example.com", "must be an origin"),
        ("PUBLIC_BASE_URL", "https://user@calls.example.com", "must be an origin"),
        ("STORE_URL", "firestore://", "firestore://project/database"),
        ("STORE_URL", "sqlite://", "sqlite:///path"),
        ("RECORDINGS_URL", "s3://bucket", "gs://bucket"),
        ("TWILIO_NUMBERS", "+1", "1 of 1 are not E.164"),
        ("TWILIO_CALLS_PER_SECOND", "0", "greater than 0"),
        ("TWILIO_CONCURRENT_CALLS", "0", "greater than or equal to 1"),
        ("TWILIO_CALLS_PER_SECOND", "nan", "TWILIO_CALLS_PER_SECOND"),
        ("TWILIO_ACCOUNT_SID", ACCOUNT, "TWILIO_AUTH_TOKEN: missing"),
        ("TWILIO_AUTH_TOKEN", "token", "TWILIO_ACCOUNT_SID: missing"),
        ("CLOCK", "tomorrow", "with an offset"),
        ("SSL_CERT_FILE", "/there/is/none", "no such file"),
        ("STORE_URL", "firestore://project/database", "NUMBER_HASH_KEY: missing"),
        ("SECRET_MANAGER_ENDPOINT", "secretmanager.googleapis.com:443", "must be on loopback"),
        ("GOOGLE_KEYS_URL", "https://www.googleapis.com/oauth2/v1/certs", "must be on loopback"),
        ("GEMINI_API_KEY", "secret://gemini", "GOOGLE_CLOUD_PROJECT: missing"),
        ("GEMINI_API_KEY", "secret://gemini/one/two", "GEMINI_API_KEY: a secret is named"),
        ("GEMINI_API_KEY", "secret://", "GEMINI_API_KEY: a secret is named"),
    ],
)
def test_a_wrong_value_is_refused_with_the_reason(name: str, value: str, why: str) -> None:
    assert why in refusal_of(**{name: value})


def test_secrets_show_neither_in_a_repr_nor_in_a_refusal() -> None:
    settings = settings_of(**CLOUD)
    for secret in ("key-of-the-model", "token-of-the-carrier", "0123456789abcdef"):
        assert secret not in repr(settings)
        assert secret not in str(settings)
        assert secret not in refusal_of(PORT="wrong", NUMBER_HASH_KEY="0123456789", TWILIO_ACCOUNT_SID="AC")
    assert "0123456789" not in refusal_of(PORT="wrong", NUMBER_HASH_KEY="0123456789")


def test_a_clock_of_its_own_is_fine_when_everything_is_on_loopback() -> None:
    assert settings_of(**LOCAL).clock is not None
    assert settings_of(STORE_URL="firestore://p/d", FIRESTORE_EMULATOR_HOST="127.0.0.1:8085").clock is not None


def test_a_clock_of_its_own_is_fine_with_stand_ins_alone() -> None:
    assert settings_of(CLOCK=LOCAL["CLOCK"]).clock is not None


@pytest.mark.parametrize(
    "outside",
    [
        {"GEMINI_API_KEY": "key-without-a-local-address", "GOOGLE_GEMINI_BASE_URL": ""},
        {"GOOGLE_GEMINI_BASE_URL": "https://gemini.example.com"},
        {"GOOGLE_GENAI_USE_VERTEXAI": "1", "GOOGLE_CLOUD_PROJECT": "p", "GOOGLE_CLOUD_LOCATION": "asia-south1"},
        {"GOOGLE_VERTEX_BASE_URL": "https://vertex.example.com"},
        {"TWILIO_API_BASE_URL": ""},
        {"TWILIO_API_BASE_URL": "https://api.twilio.com"},
        {"TWILIO_API_BASE_URL": "https://127.0.0.1.example.com"},
        {"TWILIO_API_BASE_URL": "https://localhost.example.com"},
        {"STORE_URL": "firestore://p/d", "NUMBER_HASH_KEY": "0123456789abcdef"},
        {"STORE_URL": "firestore://p/d", "FIRESTORE_EMULATOR_HOST": "emulator.example.com:8085"},
        {"RECORDINGS_URL": "gs://recordings"},
        {"TOOLS_URL": "https://tools.example.com"},
        {"TWILIO_AUTH_TOKEN": "secret://twilio", "GOOGLE_CLOUD_PROJECT": "p"},
    ],
)
def test_a_clock_of_its_own_is_refused_next_to_anything_real(outside: dict[str, str]) -> None:
    assert "CLOCK: refused" in refusal_of(**{**LOCAL, **outside})


@given(st.from_regex(r"[a-z0-9.:@/?#\[\]%-]{0,40}", fullmatch=True))
@example("127.0.0.1@example.com")
@example("127.0.0.1.example.com")
@example("example.com#127.0.0.1")
@example("example.com/@localhost")
@example("[::1")
@example("[::1]:80")
@example("0.0.0.0:80")
@example("2130706433")
def test_nothing_but_this_machine_is_loopback(address: str) -> None:
    """Whatever is_loopback accepts is localhost, ::1 or in 127.0.0.0/8, and it never raises."""
    if is_loopback(f"https://{address}"):
        origin_host = address.split("/")[0].split("?")[0].split("#")[0].rpartition("@")[2]
        assert origin_host.startswith(("localhost", "127.", "[:", "[0"))


@given(st.text(max_size=40))
@example("https://[::1]:8443")
@example("https://example.com:99999")
@example("https://example.com:")
@example("https:///path")
def test_an_origin_parses_to_itself_or_not_at_all(text: str) -> None:
    """parse_origin gives something it would give again, or raises ValueError."""
    try:
        origin = parse_origin(text)
    except ValueError:
        return
    assert parse_origin(origin) == origin


def test_secrets_come_from_secret_manager() -> None:
    with SecretManager({"twilio": ["old-token", "new-token\n"], "gemini": ["key"]}) as secrets:
        settings = settings_of(
            GOOGLE_CLOUD_PROJECT="parley",
            SECRET_MANAGER_ENDPOINT=secrets.endpoint,
            TWILIO_ACCOUNT_SID=ACCOUNT,
            TWILIO_AUTH_TOKEN="secret://twilio",
            GEMINI_API_KEY="secret://gemini/1",
            NUMBER_HASH_KEY="0123456789abcdef",
        )
    assert settings.twilio_auth_token is not None
    assert settings.twilio_auth_token.get_secret_value() == "new-token"
    assert settings.gemini_api_key is not None
    assert settings.gemini_api_key.get_secret_value() == "key"
    assert settings.hash_key == b"0123456789abcdef"


def test_a_secret_is_checked_like_any_other_value() -> None:
    with SecretManager({"hash": ["short"]}) as secrets:
        assert "NUMBER_HASH_KEY: must have at least" in refusal_of(
            GOOGLE_CLOUD_PROJECT="parley",
            SECRET_MANAGER_ENDPOINT=secrets.endpoint,
            NUMBER_HASH_KEY="secret://hash",
        )


def test_unreadable_secrets_are_named_with_their_variables() -> None:
    os.environ.update(GOOGLE_CLOUD_PROJECT="parley", TWILIO_ACCOUNT_SID=ACCOUNT)
    os.environ.update(TWILIO_AUTH_TOKEN="secret://absent", GEMINI_API_KEY="secret://gemini/7")
    with SecretManager({"gemini": ["key"]}) as secrets:
        os.environ["SECRET_MANAGER_ENDPOINT"] = secrets.endpoint
        with pytest.raises(SecretUnreadable) as refused:
            read_settings()
    assert "TWILIO_AUTH_TOKEN: projects/parley/secrets/absent/versions/latest" in str(refused.value)
    assert "GEMINI_API_KEY: projects/parley/secrets/gemini/versions/7" in str(refused.value)


def test_the_certificates_to_trust_reach_every_library(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("")
    settings_of(SSL_CERT_FILE=str(bundle))
    assert os.environ["REQUESTS_CA_BUNDLE"] == str(bundle)
    assert os.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"] == str(bundle)


def test_a_process_with_wrong_settings_ends_with_the_reasons() -> None:
    code = "from shared.settings import current_settings; current_settings()"
    surroundings = {**os.environ, "PORT": "x", "CLOCK": "noon"}
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=surroundings, capture_output=True, text=True)
    assert ended.returncode != 0
    assert "PORT: " in ended.stderr
    assert "CLOCK: " in ended.stderr


def test_only_settings_reads_the_environment() -> None:
    readers = {
        path.relative_to(ROOT).as_posix()
        for folder in ("functions", "shared")
        for path in [*(ROOT / folder).rglob("*.py"), ROOT / "main.py"]
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv", "getenvb"})
        or (isinstance(node, ast.ImportFrom) and node.module == "os" and any("env" in n.name for n in node.names))
    }
    assert readers == {"shared/settings.py"}
