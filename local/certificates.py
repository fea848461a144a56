"""A certificate authority of our own for 127.0.0.1 and localhost, and a bundle that trusts it beside the public ones.

The files of one folder belong together and are made once; delete the folder to start afresh. The keys are good for
nothing but loopback.
"""

from __future__ import annotations

import atexit
import shutil
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path

import certifi
import trustme

NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Certificates:
    """Where the files are."""

    folder: Path

    @property
    def ca_bundle(self) -> Path:
        """What SSL_CERT_FILE points to: the public authorities and ours."""
        return self.folder / "ca-bundle.pem"

    @property
    def server_pem(self) -> Path:
        """Key and certificate of a server on loopback."""
        return self.folder / "server.pem"

    def server_context(self) -> ssl.SSLContext:
        """For a server on loopback."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server_pem)
        return context

    def client_context(self) -> ssl.SSLContext:
        """For a client that trusts our servers and the public ones."""
        return ssl.create_default_context(cafile=str(self.ca_bundle))


def certificates(folder: Path | None = None) -> Certificates:
    """The certificates of a folder, made if they are not there; without a folder, in one that goes with the process."""
    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="parley-certificates-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = Certificates(folder)
    if not (made.ca_bundle.is_file() and made.server_pem.is_file()):
        _make(made)
    return made


def _make(wanted: Certificates) -> None:
    wanted.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority = trustme.CA(organization_name="Parley on this laptop")
    server = authority.issue_cert(*NAMES)
    key_and_chain = b"".join(pem.bytes() for pem in (server.private_key_pem, *server.cert_chain_pems))
    public = Path(certifi.where()).read_bytes()
    _put(wanted.server_pem, key_and_chain)
    _put(wanted.ca_bundle, public.rstrip() + b"\n\n" + authority.cert_pem.bytes())


def _put(path: Path, content: bytes) -> None:
    """Whole or not at all: another process may be reading."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as draft:
        draft.write(content)
    Path(draft.name).replace(path)
