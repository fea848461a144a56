"""Reading secrets from a server that speaks Secret Manager's own gRPC API."""

from __future__ import annotations

import socket
import time

import pytest

from local.secret_manager import DISABLED, SecretManager
from shared.secrets import SecretName, SecretUnreadable, is_secret_name, read_secrets

pytestmark = pytest.mark.portable

SECRETS: dict[str, list[str | bytes | None]] = {
    "twilio": ["one", "two", "three"],
    "typed": ["with a newline\n"],
    "retired": ["old", DISABLED],
    "binary": [b"\xff\xfe"],
}


def read(secrets: SecretManager, reference: str, *, timeout_s: float = 5.0) -> str:
    """What a variable with this reference would hold."""
    name = SecretName.parse(reference, project="parley")
    return read_secrets({"TOKEN": name}, endpoint=secrets.endpoint, timeout_s=timeout_s)["TOKEN"]


def test_the_latest_version_is_read_unless_one_is_named() -> None:
    with SecretManager(SECRETS) as secrets:
        assert read(secrets, "secret://twilio") == "three"
        assert read(secrets, "secret://twilio/latest") == "three"
        assert read(secrets, "secret://twilio/2") == "two"
        assert secrets.reads[-1] == "projects/parley/secrets/twilio/versions/2"


def test_the_newline_that_a_shell_added_is_no_part_of_a_secret() -> None:
    with SecretManager(SECRETS) as secrets:
        assert read(secrets, "secret://typed") == "with a newline"


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("secret://absent", "no such secret"),
        ("secret://twilio/9", "no such secret or version"),
        ("secret://retired", "disabled or destroyed"),
        ("secret://binary", "not text"),
        ("secret://forbidden", "secretAccessor"),
    ],
)
def test_a_secret_that_cannot_be_read_says_why_and_which(reference: str, why: str) -> None:
    with SecretManager(SECRETS, forbidden=frozenset({"forbidden"})) as secrets:
        with pytest.raises(SecretUnreadable, match=why) as refused:
            read(secrets, reference)
        assert "TOKEN: projects/parley/secrets/" + reference.split("/")[2] in str(refused.value)


def test_damaged_bytes_are_not_believed() -> None:
    with SecretManager(SECRETS) as secrets:
        secrets.damage = True
        with pytest.raises(SecretUnreadable, match="damaged") as refused:
            read(secrets, "secret://twilio")
    assert "three" not in str(refused.value)


def test_a_short_outage_is_waited_out() -> None:
    with SecretManager(SECRETS) as secrets:
        secrets.outages = 2
        assert read(secrets, "secret://twilio") == "three"


def test_no_answer_ends_in_time() -> None:
    with SecretManager(SECRETS) as secrets:
        secrets.stalled.set()
        started_s = time.monotonic()
        with pytest.raises(SecretUnreadable, match="no answer in time"):
            read(secrets, "secret://twilio", timeout_s=0.3)
        assert time.monotonic() - started_s < 3


def test_nobody_listening_ends_in_time() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        endpoint = f"127.0.0.1:{closed.getsockname()[1]}"
        started_s = time.monotonic()
        with pytest.raises(SecretUnreadable):
            read_secrets({"TOKEN": SecretName("parley", "twilio")}, endpoint=endpoint, timeout_s=0.5)
        assert time.monotonic() - started_s < 5


def test_no_names_need_no_service() -> None:
    assert read_secrets({}) == {}


@pytest.mark.parametrize(
    ("reference", "taken"),
    [
        ("secret://a", True),
        ("secret://A-b_9/12", True),
        ("secret://a/latest", True),
        ("secret://a/0", False),
        ("secret://a/", False),
        ("secret://a/b/c", False),
        ("secret://../x", False),
        ("secret://a b", False),
        ("secret://a\n", False),
        ("Secret://a", False),
        ("", False),
    ],
)
def test_what_a_reference_looks_like(reference: str, taken: bool) -> None:
    assert is_secret_name(reference) is taken
