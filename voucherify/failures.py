"""What went wrong on the way, in words of our own.

The texts of other libraries' exceptions may hold URLs or what the server sent, so that none of them is passed on.
They remain readable as the cause.
"""

from __future__ import annotations

import http.client
import os
import re
import socket
import ssl
from typing import TYPE_CHECKING, NamedTuple

from urllib3.exceptions import HTTPError, InvalidHeader, NewConnectionError, ProxyError
from urllib3.exceptions import TimeoutError as Urllib3TimeoutError
from urllib3.util.ssl_match_hostname import CertificateError

if TYPE_CHECKING:
    from collections.abc import Iterator

EXPECTED = (HTTPError, OSError, http.client.HTTPException, ValueError, OverflowError)
"""What urllib3 and what it builds on raise when something goes wrong on the wire."""

_WIRE = (HTTPError, OSError, http.client.HTTPException, CertificateError)

_TUNNEL_REFUSED = re.compile(r"Tunnel connection failed: (\d{3})")


class Explanation(NamedTuple):
    """What an exception means."""

    text: str
    timed_out: bool = False
    permanent: bool = False
    """Whether trying again is pointless."""


def is_misuse(error: BaseException) -> bool:
    """Whether `error`, raised before anything was sent, is about the request itself: a header that is none, say."""
    return isinstance(error, (ValueError, OverflowError)) and not isinstance(error, _WIRE)


def explain(error: BaseException) -> Explanation:
    """What `error`, raised by urllib3 or below, means."""
    all_causes = list(causes(error))
    for found in (_certificate(all_causes), _timeout(all_causes), _network(all_causes), _protocol(all_causes)):
        if found is not None:
            return found
    return Explanation("the connection failed")


def causes(error: BaseException) -> Iterator[BaseException]:
    """`error` and all that it was raised from, or that it carries in its arguments as urllib3 does."""
    waiting = [error]
    seen: set[int] = set()
    while waiting:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [item for item in current.args if isinstance(item, BaseException)]
        waiting += [item for item in (current.__cause__, current.__context__) if item is not None]


def _certificate(causes: list[BaseException]) -> Explanation | None:
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Explanation(f"the certificate was not accepted: {cause.verify_message}", permanent=True)
        if isinstance(cause, CertificateError):
            return Explanation("the certificate is for another host", permanent=True)
    return None


def _timeout(causes: list[BaseException]) -> Explanation | None:
    for cause in causes:
        if isinstance(cause, TimeoutError) or (
            isinstance(cause, Urllib3TimeoutError) and not isinstance(cause, NewConnectionError)
        ):
            return Explanation("it took too long", timed_out=True)
    return None


def _network(causes: list[BaseException]) -> Explanation | None:
    for cause in causes:
        if isinstance(cause, (socket.gaierror, UnicodeError)):
            return Explanation("the name of the host is unknown")
        if isinstance(cause, http.client.RemoteDisconnected):
            return Explanation("the server closed the connection without an answer")
        if isinstance(cause, ssl.SSLError):
            return Explanation(f"TLS failed: {(cause.reason or 'connection closed').replace('_', ' ').lower()}")
        if isinstance(cause, OSError):
            refused = _TUNNEL_REFUSED.search(str(cause))
            if refused:
                return Explanation(f"the proxy refused the tunnel with status {refused[1]}")
            if cause.errno is not None:
                return Explanation(os.strerror(cause.errno))
    return None


def _protocol(causes: list[BaseException]) -> Explanation | None:
    for cause in causes:
        if isinstance(cause, http.client.IncompleteRead):
            return Explanation("the server closed the connection in the middle")
        if isinstance(cause, (http.client.HTTPException, InvalidHeader, ValueError)):
            return Explanation("what the server sent is no HTTP")
        if isinstance(cause, ProxyError):
            return Explanation("the proxy failed")
    return None
