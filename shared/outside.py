"""Which addresses a process would reach outside itself, and whether each is this very machine."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from shared.settings import Settings

GEMINI_API = "https://generativelanguage.googleapis.com"
VERTEX_API = "https://aiplatform.googleapis.com"
FIRESTORE_API = "https://firestore.googleapis.com"
STORAGE_API = "https://storage.googleapis.com"
SECRET_MANAGER_API = "https://secretmanager.googleapis.com"
CLOUD_TASKS_API = "https://cloudtasks.googleapis.com"

Address = IPv4Address | IPv6Address
LOOPBACK_HOSTS = ("127.0.0.1", "::1", "localhost")
_NAT64 = IPv6Network("64:ff9b::/96")


def is_loopback(address: str) -> bool:
    """True if a URL, or host:port, names this machine by localhost or a loopback address."""
    try:
        host = urlsplit(address if "//" in address else f"//{address}").hostname or ""
    except ValueError:
        return False
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def parse_origin(text: str) -> str:
    """scheme://host[:port], in lower case and without a closing slash. Raises ValueError for anything else."""
    parts = urlsplit(text.strip())
    port = parts.port
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise ValueError("must be an origin such as https://calls.example.com")
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError("must be an origin alone, without a path")
    if parts.scheme == "http" and not is_loopback(text.strip()):
        raise ValueError("must be https; http is for loopback alone")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + ("" if port is None else f":{port}")


def outside_addresses(settings: Settings) -> Iterator[tuple[str, str]]:
    """(variable, address) of every service these settings name. What is not configured has a local stand-in.

    PUBLIC_BASE_URL is not among them: it is where the carrier finds us, and a carrier on loopback brings no strangers.
    """
    if settings.gemini_api_key is not None or settings.google_gemini_base_url is not None:
        yield "GOOGLE_GEMINI_BASE_URL", settings.google_gemini_base_url or GEMINI_API
    if settings.google_genai_use_vertexai or settings.google_vertex_base_url is not None:
        yield "GOOGLE_VERTEX_BASE_URL", settings.google_vertex_base_url or VERTEX_API
    if settings.twilio_account_sid is not None or "twilio_api_base_url" in settings.model_fields_set:
        yield "TWILIO_API_BASE_URL", settings.twilio_api_base_url
    if settings.dial_queue is not None:
        yield "CLOUD_TASKS_ENDPOINT", settings.cloud_tasks_endpoint or CLOUD_TASKS_API
    if settings.campaigns_url is not None:
        yield "CAMPAIGNS_URL", settings.campaigns_url
    if settings.tools_url is not None:
        yield "TOOLS_URL", settings.tools_url
    if settings.store_url.startswith("firestore:"):
        yield "STORE_URL", settings.firestore_emulator_host or FIRESTORE_API
    if settings.recordings_url.startswith("gs:"):
        yield "RECORDINGS_URL", settings.storage_emulator_host or STORAGE_API
    if settings.secret_references() or settings.secret_manager_endpoint:
        yield "SECRET_MANAGER_ENDPOINT", settings.secret_manager_endpoint or SECRET_MANAGER_API


def is_public(address: Address) -> bool:
    """Whether an address is somebody's on the internet, and not of a machine, a network or a cloud's own services."""
    if isinstance(address, IPv6Address):
        if address.sixtofour is not None or address.teredo is not None:
            return False  # tunnels that nobody uses any more, into networks that nobody names
        inner = IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else address.ipv4_mapped
        if inner is not None:
            return is_public(inner)
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def webhook_url_problem(url: str, *, loopback_allowed: bool) -> str | None:
    """Why nothing can be posted to somebody else's URL; None when it can. A name is looked at again when resolved."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return "this is no URL"
    if parts.username or parts.password:
        return "a user or password in a URL ends up in logs"
    if loopback_allowed and is_loopback(url) and parts.scheme in {"http", "https"}:
        return None
    if parts.scheme != "https" or not host:
        return "it must begin with https://"
    try:
        inside = not is_public(ip_address(host))
    except ValueError:
        inside = host == "localhost" or "." not in host
    return "it must be an address on the public internet" if inside else None
