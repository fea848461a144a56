"""The environment, read once, checked whole, and frozen. Nothing else in Parley reads environment variables.

A field is named after its variable. Secrets are SecretStr and never show in a repr; any of them may point into
Secret Manager as ``secret://NAME`` or ``secret://NAME/VERSION``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared import setting_values
from shared.errors import ConfigurationError
from shared.outside import is_loopback, outside_addresses
from shared.secrets import SECRET_SCHEME, SecretName, is_secret_name, read_secrets

TWILIO_API = "https://api.twilio.com"
LAPTOP_HASH_KEY = "a laptop's records are keyed with this; the cloud's with a secret"
MIN_HASH_KEY_CHARS = 16
NO_BUCKET_METADATA = "DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA"
"""A switch of google-cloud-storage's own."""


class SettingsError(ConfigurationError):
    """Environment variables are missing or wrong; the message lists every one of them."""


Origin = Annotated[str, BeforeValidator(setting_values.origin)]
"""scheme://host[:port] without a path; https unless the host is loopback."""


class Settings(BaseSettings):
    """What this process was told about its surroundings."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True, str_strip_whitespace=True
    )

    port: int = Field(default=8080, ge=1, le=65535)
    public_base_url: Origin = ""
    """The origin that Twilio calls and signs; of the voice function, wherever this process runs."""
    store_url: Annotated[str, BeforeValidator(setting_values.store)] = "sqlite:///var/parley.db"
    firestore_emulator_host: str | None = None
    """host:port; the Firestore client reads it by itself."""

    gemini_api_key: SecretStr | None = None
    google_gemini_base_url: Origin | None = None
    google_genai_use_vertexai: bool = False
    google_cloud_project: str | None = None
    google_cloud_location: str | None = None
    google_vertex_base_url: Origin | None = None

    gemini_live_sessions: int = Field(default=1000, ge=1, le=100_000)
    """Live sessions that the project may have at once in a region; campaigns leave a share of them to callers."""

    analysis_models: Annotated[tuple[str, ...], NoDecode, BeforeValidator(setting_values.models)] = (
        "gemini-3.6-flash",
        "gemini-3.5-flash",
        "gemini-2.5-flash",
    )
    """Text models that read calls once they are over; the first that is to be had where the agent's calls may go."""

    twilio_account_sid: Annotated[str, BeforeValidator(setting_values.account_sid)] | None = None
    twilio_auth_token: SecretStr | None = None
    twilio_numbers: Annotated[tuple[str, ...], NoDecode, BeforeValidator(setting_values.numbers)] = ()
    twilio_api_base_url: Origin = TWILIO_API
    twilio_calls_per_second: float = Field(default=1, gt=0, le=1000, allow_inf_nan=False)
    twilio_concurrent_calls: int = Field(default=1000, ge=1, le=100_000)
    """Calls that the account may have at once, those that people make to us among them."""

    dial_queue: Annotated[str, BeforeValidator(setting_values.queue)] | None = None
    """A Cloud Tasks queue that spreads dial requests over instances, where one alone would be too slow."""
    campaigns_url: Origin | None = None
    """Where the campaigns function is; tokens for it are made out to this."""
    cloud_tasks_endpoint: str | None = None
    """host:port of a Cloud Tasks on loopback, spoken to without TLS."""

    tools_url: Origin | None = None
    """Where the tools function is; None: voice runs tools in its own process. Tokens for it are made out to this."""
    tool_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(setting_values.hosts)] = ()
    """The only hosts that agents' HTTP tools and MCP servers may be on; none named: any public one."""
    tool_private_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(setting_values.hosts)] = ()
    """Hosts on this machine or in its network that they may reach as well, without TLS if they like."""
    number_hash_key: SecretStr | None = None
    """Keys the hashes under which contacts and suppressions are kept."""
    voice_service_account: str | None = None
    """Whose identity tokens the tools function takes."""
    scheduler_service_account: str | None = None
    """Whose identity tokens the campaigns function takes."""
    google_keys_url: str | None = None
    """Where Google's public keys are, on loopback, for tests."""
    iap_audience: str | None = None
    """What Identity-Aware Proxy's assertions to the console are addressed to."""
    recordings_url: Annotated[str, BeforeValidator(setting_values.recordings)] = "file://var/recordings"
    """file://relative/folder, file:///absolute/folder or gs://bucket[/folder]."""
    storage_emulator_host: str | None = None
    """The Cloud Storage client reads it by itself."""

    ssl_cert_file: Annotated[str, BeforeValidator(setting_values.readable_file)] | None = None
    secret_manager_endpoint: str | None = None
    """host:port of a Secret Manager on loopback, spoken to without TLS."""
    clock: Annotated[datetime, BeforeValidator(setting_values.instant)] | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    k_service: str | None = None
    """The service's name; set by Cloud Run and nobody else."""

    @model_validator(mode="before")
    @classmethod
    def _public_base_url_follows_the_port(cls, values: Any) -> Any:
        if isinstance(values, dict) and not values.get("public_base_url"):
            port = str(values.get("port", "")).strip()
            values = {**values, "public_base_url": f"http://127.0.0.1:{port if port.isdecimal() else 8080}"}
        return values

    @model_validator(mode="after")
    def _fits_together(self) -> Settings:
        problems = [*_incomplete(self), *_on_another_clock(self)]
        if problems:
            raise PydanticCustomError("settings", "{problems}", {"problems": "\n".join(problems)})
        return self

    @property
    def in_cloud(self) -> bool:
        """True on Cloud Run, where loopback proves nothing and nobody watches a terminal."""
        return self.k_service is not None

    @property
    def speech_configured(self) -> bool:
        """False: the local speech model stands in for Gemini."""
        return self.gemini_api_key is not None or self.google_genai_use_vertexai

    @property
    def carrier_configured(self) -> bool:
        """False: the local telephone network stands in for Twilio."""
        return self.twilio_account_sid is not None

    @property
    def hash_key(self) -> bytes:
        """The key of the HMAC under which phone numbers become document ids."""
        key = LAPTOP_HASH_KEY if self.number_hash_key is None else self.number_hash_key.get_secret_value()
        return key.encode()

    def secret_references(self) -> dict[str, str]:
        """Field → secret://... of the secrets that still have to be read."""
        return {name: text for name, text in self._secrets().items() if text.startswith(SECRET_SCHEME)}

    def _secrets(self) -> dict[str, str]:
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: value.get_secret_value() for name, value in values.items() if isinstance(value, SecretStr)}


def _incomplete(settings: Settings) -> list[str]:
    """Variables that need each other."""
    problems = []
    if (settings.twilio_account_sid is None) != (settings.twilio_auth_token is None):
        missing = "TWILIO_ACCOUNT_SID" if settings.twilio_account_sid is None else "TWILIO_AUTH_TOKEN"
        problems.append(f"{missing}: missing; an account SID and its token go together")
    if settings.google_genai_use_vertexai:
        places = {
            "GOOGLE_CLOUD_PROJECT": settings.google_cloud_project,
            "GOOGLE_CLOUD_LOCATION": settings.google_cloud_location,
        }
        problems += [
            f"{name}: missing; GOOGLE_GENAI_USE_VERTEXAI needs it" for name, value in places.items() if not value
        ]
    if settings.secret_manager_endpoint and not is_loopback(settings.secret_manager_endpoint):
        problems.append("SECRET_MANAGER_ENDPOINT: must be on loopback; it is spoken to without TLS")
    if settings.cloud_tasks_endpoint and not is_loopback(settings.cloud_tasks_endpoint):
        problems.append("CLOUD_TASKS_ENDPOINT: must be on loopback; it is spoken to without TLS")
    if settings.google_keys_url and not is_loopback(settings.google_keys_url):
        problems.append("GOOGLE_KEYS_URL: must be on loopback; who holds these keys is believed")
    if settings.dial_queue is not None and settings.campaigns_url is None:
        problems.append("CAMPAIGNS_URL: missing; DIAL_QUEUE needs it")
    key = settings.number_hash_key
    if key is None and settings.store_url.startswith("firestore:") and not settings.firestore_emulator_host:
        problems.append("NUMBER_HASH_KEY: missing; records in Firestore are kept under keyed hashes of phone numbers")
    references = settings.secret_references()
    if key is not None and "number_hash_key" not in references and len(key.get_secret_value()) < MIN_HASH_KEY_CHARS:
        problems.append(f"NUMBER_HASH_KEY: must have at least {MIN_HASH_KEY_CHARS} characters")
    if references and settings.google_cloud_project is None:
        problems.append("GOOGLE_CLOUD_PROJECT: missing; secret:// is looked up in it")
    return problems + [
        f"{name.upper()}: a secret is named secret://NAME or secret://NAME/VERSION"
        for name, reference in references.items()
        if not is_secret_name(reference)
    ]


def _on_another_clock(settings: Settings) -> list[str]:
    """A process with a clock of its own must not reach real people or real accounts."""
    if settings.clock is None:
        return []
    strangers = [name for name, address in outside_addresses(settings) if not is_loopback(address)]
    return ["CLOCK: refused, because these addresses are not loopback: " + ", ".join(strangers)] if strangers else []


def read_settings() -> Settings:
    """The environment as it is now, with secrets fetched. Raises SettingsError or SecretUnreadable."""
    settings = _checked({})
    references = settings.secret_references()
    if references:
        names = {
            name.upper(): SecretName.parse(text, project=settings.google_cloud_project or "")
            for name, text in references.items()
        }
        values = read_secrets(names, endpoint=settings.secret_manager_endpoint)
        settings = _checked({name.lower(): value for name, value in values.items()})
    _trust(settings.ssl_cert_file)
    # Cloud Storage's client would ask for its bucket's metadata behind our back, for traces, and try for two minutes.
    os.environ.setdefault(NO_BUCKET_METADATA, "true")
    return settings


@cache
def current_settings() -> Settings:
    """The settings of this process, read at the first call."""
    return read_settings()


def _checked(secrets: Mapping[str, Any]) -> Settings:
    try:
        return Settings(**secrets)
    except ValidationError as error:
        problems = _problems(error)
    wrong = {str(problem).partition(":")[0] for problem in problems}
    problems += [problem for problem in _misfits(secrets, wrong) if problem not in problems]
    raise SettingsError("the environment is not right:\n  " + "\n  ".join(problems)) from None


def _misfits(secrets: Mapping[str, Any], wrong: set[str]) -> list[str]:
    """What does not fit together once the variables that are wrong by themselves are left out of it."""
    defaults = {name: field.default for name, field in Settings.model_fields.items() if name.upper() in wrong}
    try:
        Settings(**{**secrets, **defaults})
    except ValidationError as error:
        return [problem for problem in _problems(error) if problem.partition(":")[0] not in wrong]
    return []


def _problems(error: ValidationError) -> list[str]:
    """VARIABLE: what is wrong with it."""
    lines = []
    for problem in error.errors(include_url=False, include_input=False):
        message = problem["msg"].removeprefix("Value error, ")
        name = str(problem["loc"][0]).upper() if problem["loc"] else ""
        lines += [f"{name}: {message}"] if name else message.splitlines()
    return lines


def _trust(cert_file: str | None) -> None:
    """Make the libraries that have a variable of their own for it trust what SSL_CERT_FILE names."""
    if cert_file is not None:
        os.environ["REQUESTS_CA_BUNDLE"] = cert_file
        os.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"] = cert_file
