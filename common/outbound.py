"""POST to addresses outside, some of which strangers have named.

    Door(public_only).post("https://push.example.org/…", data=b"…", headers={})

A name is resolved once, and the connection goes to an address that was looked at; `Host`, SNI and the certificate keep
to the name. No redirect is followed, no proxy of the environment used, nothing repeated, little of the answer read.
"""

import ipaddress
import json
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3 import exceptions as urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from chatproject.common.deadlines import DatedSocket, DatedSSLSocket, connect, left, resolve, within

SECONDS = 10.0
"""How long a request may take, from resolving the name to the last byte."""
ANSWER_BYTES = 8192
# What is routed, but leads on to other addresses, to whatever is nearest, or to examples.
INDIRECT = [
    ipaddress.ip_network(one)
    for one in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
]
GLOBAL_IPV6 = ipaddress.IPv6Network(
    "2000::/3"
)  # outside lie those that hold IPv4 addresses (mapped, NAT64), and all local

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Allows = Callable[[Address, bool], bool]
"""Whether this address may be connected to; the second says whether by TLS."""


class Forbidden(Exception):
    """Nothing may be sent to this address, or it is none."""


class Unreachable(Exception):
    """There was no answer, or not in time. Its text is a word for people, without the address."""


class Answer(NamedTuple):
    """An answer as far as it was read, in the words of `requests`, which the push libraries speak."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def reason(self) -> str:
        return ""  # a stranger's words

    @property
    def text(self) -> str:
        return self.content.decode(errors="replace")

    def json(self) -> Any:
        """What it says. Raises `ValueError` when that is no JSON, or too long."""
        return json.loads(self.content)


def anywhere(address: Address, is_tls: bool) -> bool:
    """For addresses from the operator."""
    return True


def public_only(address: Address, is_tls: bool) -> bool:
    """For addresses from strangers: what anybody could reach, by TLS."""
    if not is_tls or not address.is_global or address.is_multicast or any(address in one for one in INDIRECT):
        return False
    return address.version == 4 or address in GLOBAL_IPV6


def public_or_loopback(address: Address, is_tls: bool) -> bool:
    """For tests and development: this machine too, and there without TLS."""
    return address.is_loopback or public_only(address, is_tls)


class _Http(HTTPConnection):
    """Connects only to what is allowed."""

    def __init__(self, *args: Any, allows: Allows, **how: Any) -> None:
        super().__init__(*args, **how)
        self._allows = allows

    def _new_conn(self) -> DatedSocket:
        found = resolve(self.host.strip("[]"), self.port)
        is_tls = isinstance(self, HTTPSConnection)
        allowed = [one for one in found if self._allows(ipaddress.ip_address(one[4][0]), is_tls)]
        if not allowed:
            raise Forbidden
        return connect(allowed)


class _Https(_Http, HTTPSConnection):
    """The same by TLS."""


class Door:
    """Keeps connections for the next request; any number of threads may post."""

    def __init__(self, allows: Allows) -> None:
        context = ssl.create_default_context()
        context.sslsocket_class = DatedSSLSocket
        self._pools = PoolManager(num_pools=32, maxsize=16, ssl_context=context)
        classes: dict[str, Any] = {  # only ever called
            "http": partial(_pool, HTTPConnectionPool, partial(_Http, allows=allows)),
            "https": partial(_pool, HTTPSConnectionPool, partial(_Https, allows=allows)),
        }
        self._pools.pool_classes_by_scheme = classes

    def post(self, url: str, data: bytes | None, headers: Mapping[str, str], timeout: object = None) -> Answer:
        """The answer, whatever its status. Raises `Forbidden` or `Unreachable` within `SECONDS`.

        `timeout` is what the libraries say: `within` says it here.
        """
        if not url.lower().startswith(("https://", "http://")):
            raise Forbidden
        try:
            with within(SECONDS):
                return self._post(url, data, headers)
        except (urllib3.LocationValueError, UnicodeError):
            raise Forbidden from None
        except (urllib3.HTTPError, OSError) as error:
            raise Unreachable(_word_for(error)) from None

    def _post(self, url: str, data: bytes | None, headers: Mapping[str, str]) -> Answer:
        response = self._pools.urlopen(
            "POST",
            url,
            body=data,
            headers=headers,
            timeout=left(),
            redirect=False,
            retries=False,
            preload_content=False,
            decode_content=False,
        )
        content = b""
        try:
            with suppress(urllib3.HTTPError, OSError):  # the status is there, and says whether it was done
                content = response.read(ANSWER_BYTES)
            return Answer(response.status, response.headers, content)
        finally:
            response.close()  # unless all of it was read: then it is back in its pool


def _pool(make: Callable[..., HTTPConnectionPool], connection: Any, *args: Any, **how: Any) -> HTTPConnectionPool:
    pool = make(*args, **how)
    pool.ConnectionCls = connection
    return pool


def _word_for(error: Exception) -> str:
    """`urllib3` puts what happened into the arguments of its own."""
    causes = (error, *error.args)
    if any(isinstance(one, TimeoutError | urllib3.TimeoutError) for one in causes):
        return "timeout"
    return "bad certificate" if isinstance(error, urllib3.SSLError) else "unreachable"
