"""Where a request of Twilio's goes, under which URL it is signed, and how hard it is tried. [pure]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlsplit, urlunsplit

_ALL = frozenset({"4xx", "5xx", "ct", "rt"})


@dataclass(frozen=True, slots=True)
class Delivery:
    """A URL without its fragment, and what the fragment overrides (rc, rp, ct, rt; Twilio's connection overrides)."""

    url: str
    retries: int = 1
    policies: frozenset[str] = frozenset({"ct"})
    connect_s: float = 5.0
    read_s: float = 15.0

    @classmethod
    def of(cls, url: str) -> Delivery:
        """Read the overrides; what makes no sense is ignored, as Twilio does."""
        parts = urlsplit(url)
        overrides = {name: values[-1] for name, values in parse_qs(parts.fragment).items()}
        policies = frozenset(overrides.get("rp", "ct").split(","))
        return cls(
            url=urlunsplit(parts._replace(fragment="")),
            retries=_within(overrides.get("rc"), 0, 5, 1),
            policies=_ALL if "all" in policies else policies & _ALL,
            connect_s=_within(overrides.get("ct"), 100, 10_000, 5000) / 1000,
            read_s=_within(overrides.get("rt"), 100, 15_000, 15_000) / 1000,
        )

    def to(self, url: str) -> Delivery:
        """The same effort for another URL."""
        return replace(self, url=url)

    def retries_on(self, policy: str) -> bool:
        """True if a failure of this kind is tried again."""
        return policy in self.policies


def _within(written: str | None, least: int, most: int, default: int) -> int:
    if written is None or not written.isdecimal():
        return default
    return min(max(int(written), least), most)


def signed_url(url: str) -> str:
    """What a signature is made over: no user, no fragment, and no port where the scheme is a secure one."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme in {"https", "wss"} and parts.port is not None:
        host = host.rpartition(":")[0]
    return urlunsplit(parts._replace(netloc=host, fragment=""))


class Routes:
    """Where public origins are to be found on this machine, so that URLs of the outside world work inside it."""

    def __init__(self, routes: Mapping[str, str] | None = None) -> None:
        self._routes = {public.rstrip("/"): actual.rstrip("/") for public, actual in (routes or {}).items()}

    def resolve(self, url: str) -> tuple[str, dict[str, str]]:
        """The URL to connect to, and the headers that say what was meant."""
        parts = urlsplit(url)
        secure = parts.scheme in {"https", "wss"}
        actual = self._routes.get(f"{'https' if secure else 'http'}://{parts.netloc}")
        if actual is None:
            return url, {}
        target = urlsplit(actual)
        scheme = target.scheme.replace("http", "ws") if parts.scheme in {"ws", "wss"} else target.scheme
        routed = urlunsplit(parts._replace(scheme=scheme, netloc=target.netloc))
        return routed, {"Host": parts.netloc, "X-Forwarded-Proto": "https" if secure else "http"}
