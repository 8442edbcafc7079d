"""POST requests to other servers, some of them named by users.

    OutboundClient(allow_public).post("https://push.example.org/…", data=b"…", headers={})

A name is resolved once, and the connection goes to an address that was checked; `Host`, SNI and the certificate still
use the name. Redirects are not followed, proxies from the environment are not used, requests are not repeated, and only
the beginning of a response is read.
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

from common.deadlines import DeadlineSocket, DeadlineSSLSocket, connect, resolve, seconds_left, within

SECONDS = 10.0
"""The time limit of a request, from resolving the name to the last byte."""
MAX_RESPONSE_BYTES = 8192
# Networks that are routed, but lead to other addresses (tunnels, anycast) or are reserved for examples.
INDIRECT = [
    ipaddress.ip_network(one)
    for one in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
]
GLOBAL_IPV6 = ipaddress.IPv6Network(
    "2000::/3"
)  # outside lie those that hold IPv4 addresses (mapped, NAT64), and all local

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
AddressPolicy = Callable[[Address, bool], bool]
"""Called with an address and whether TLS is used; says whether a connection is allowed."""


class ForbiddenAddress(Exception):
    """This address is not allowed, or is not an address at all."""


class Unreachable(Exception):
    """There was no response in time. The message is a word for people and does not contain the address."""


class Response(NamedTuple):
    """A response as far as it was read, with the attributes of `requests.Response` that the push libraries use."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def reason(self) -> str:
        return ""  # it was written by a server that users may have named

    @property
    def text(self) -> str:
        return self.content.decode(errors="replace")

    def json(self) -> Any:
        """The decoded body. Raises `ValueError` if it is not JSON or was cut off."""
        return json.loads(self.content)


def allow_any(address: Address, is_tls: bool) -> bool:
    """For addresses that the operator has set."""
    return True


def allow_public(address: Address, is_tls: bool) -> bool:
    """For addresses that users have named: public ones only, over TLS."""
    if not is_tls or not address.is_global or address.is_multicast or any(address in network for network in INDIRECT):
        return False
    return address.version == 4 or address in GLOBAL_IPV6


def allow_public_or_loopback(address: Address, is_tls: bool) -> bool:
    """For tests and development: also this machine, without TLS."""
    return address.is_loopback or allow_public(address, is_tls)


class _Http(HTTPConnection):
    """Connects only to allowed addresses."""

    def __init__(self, *args: Any, is_allowed: AddressPolicy, **options: Any) -> None:
        super().__init__(*args, **options)
        self._is_allowed = is_allowed

    def _new_conn(self) -> DeadlineSocket:
        found = resolve(self.host.strip("[]"), self.port)
        is_tls = isinstance(self, HTTPSConnection)
        allowed = [info for info in found if self._is_allowed(ipaddress.ip_address(info[4][0]), is_tls)]
        if not allowed:
            raise ForbiddenAddress
        return connect(allowed)


class _Https(_Http, HTTPSConnection):
    """The same over TLS."""


class OutboundClient:
    """Keeps connections open for the next request. Safe to use from any number of threads."""

    def __init__(self, is_allowed: AddressPolicy) -> None:
        context = ssl.create_default_context()
        context.sslsocket_class = DeadlineSSLSocket
        self._pools = PoolManager(num_pools=32, maxsize=16, ssl_context=context)
        classes: dict[str, Any] = {  # typed as classes, but only ever called
            "http": partial(_pool, HTTPConnectionPool, partial(_Http, is_allowed=is_allowed)),
            "https": partial(_pool, HTTPSConnectionPool, partial(_Https, is_allowed=is_allowed)),
        }
        self._pools.pool_classes_by_scheme = classes

    def post(self, url: str, data: bytes | None, headers: Mapping[str, str], timeout: object = None) -> Response:
        """The response, whatever its status. Raises `ForbiddenAddress` or `Unreachable` within `SECONDS`.

        `timeout` is passed by the libraries and ignored: the deadline is `SECONDS`.
        """
        if not url.lower().startswith(("https://", "http://")):
            raise ForbiddenAddress
        try:
            with within(SECONDS):
                return self._post(url, data, headers)
        except (urllib3.LocationValueError, UnicodeError):
            raise ForbiddenAddress from None
        except (urllib3.HTTPError, OSError) as error:
            raise Unreachable(_word_for(error)) from None

    def _post(self, url: str, data: bytes | None, headers: Mapping[str, str]) -> Response:
        response = self._pools.urlopen(
            "POST",
            url,
            body=data,
            headers=headers,
            timeout=seconds_left(),
            redirect=False,
            retries=False,
            preload_content=False,
            decode_content=False,
        )
        content = b""
        try:
            with suppress(urllib3.HTTPError, OSError):  # the status has arrived, and is enough
                content = response.read(MAX_RESPONSE_BYTES)
            return Response(response.status, response.headers, content)
        finally:
            response.close()  # does nothing if all of it was read: then the connection is back in its pool


def _pool(make: Callable[..., HTTPConnectionPool], connection: Any, *args: Any, **options: Any) -> HTTPConnectionPool:
    pool = make(*args, **options)
    pool.ConnectionCls = connection
    return pool


def _word_for(error: Exception) -> str:
    """A word for this error. `urllib3` puts the cause into the arguments of its own errors."""
    causes = (error, *error.args)
    if any(isinstance(cause, TimeoutError | urllib3.TimeoutError) for cause in causes):
        return "timeout"
    return "bad certificate" if isinstance(error, urllib3.SSLError) else "unreachable"
