"""An authority of the tests' own, and what it certifies."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import trustme

if TYPE_CHECKING:
    from pathlib import Path


class Certificates:
    """An authority, and what it certifies."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        self.pem = self.authority.cert_pem.bytes().decode()
        self.file = str(folder / "ca.pem")
        self.authority.cert_pem.write_to_path(self.file)
        client_certificate = self.authority.issue_cert("client@example.com")
        self.client_file, self.client_key = str(folder / "client.pem"), str(folder / "client.key")
        client_certificate.cert_chain_pems[0].write_to_path(self.client_file)
        client_certificate.private_key_pem.write_to_path(self.client_key)

    def context(self, *names: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(*(names or ("localhost",))).configure_cert(context)
        return context
