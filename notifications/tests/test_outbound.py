"""Addresses that users name are only reached if they are public, and under their own name."""

import datetime
import ipaddress
import socket
import ssl
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from common import deadlines, outbound
from common.outbound import (
    ForbiddenAddress,
    OutboundClient,
    Unreachable,
    allow_any,
    allow_public,
    allow_public_or_loopback,
)
from notifications.tests.loopback import LoopbackServer, Reply, Request

pytestmark = pytest.mark.plain

NAME = "push.example.org"
PRIVATE = [
    *("127.0.0.1", "127.8.8.8", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "0.0.0.0"),
    *("224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.0.9", "192.0.2.1", "192.88.99.1", "198.18.0.1"),
    *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "100::1", "fc00::1", "fd12::1", "fe80::1"),
    *("64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "2002:7f00:1::", "2001::1", "2001:1::1"),
    *("2001:db8::1", "3fff::1", "5f00::1", "fe80::1%eth0", "fec0::1", "ff02::1"),
]
PUBLIC = ["8.8.8.8", "142.250.185.74", "2a00:1450:4001:82b::200a", "2606:4700::6810:1", "2620:fe::fe"]


class Echo(LoopbackServer[Request]):
    """Takes everything."""

    def answer(self, request: Request) -> Reply:
        self.take(request)
        return Reply(201, b"taken")


class Names:
    """The resolver of this test: each name has its answers, one after the other, and the last for good."""

    def __init__(self, monkeypatch) -> None:
        self.asked = 0
        self.answers: list[list[str]] = []
        self.real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self)

    def __call__(self, host, port, *args, **how):
        if host != NAME:
            return self.real(host, port, *args, **how)
        addresses = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return [found for one in addresses for found in self.real(one, port, *args, **how)]


@pytest.fixture
def names(monkeypatch) -> Names:
    return Names(monkeypatch)


@pytest.fixture
def echo():
    with Echo() as server:
        yield server


def post(url: str, allows=allow_public) -> int:
    return OutboundClient(allows).post(url, b"x", {}).status_code


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_everybodys_is_refused(address):
    assert not allow_public(ipaddress.ip_address(address), True)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_everybody_is_allowed_by_tls_only(address):
    assert allow_public(ipaddress.ip_address(address), True)
    assert not allow_public(ipaddress.ip_address(address), False)
    assert not allow_public_or_loopback(ipaddress.ip_address(address), False)


def test_loopback_is_this_machine_and_nothing_else_that_is_private():
    allowed = {one for one in PRIVATE if allow_public_or_loopback(ipaddress.ip_address(one), False)}
    assert allowed == {"127.0.0.1", "127.8.8.8", "::1"}


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "localhost",
        "localhost.",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
    ],
)
def test_this_machine_is_refused_however_it_is_written(echo, host):
    assert post(f"http://127.0.0.1:{echo.port}/", allow_any) == 201
    for scheme in ("http", "https"):
        with pytest.raises(ForbiddenAddress):
            post(f"{scheme}://{host}:{echo.port}/")
    assert echo.requests == 1


@pytest.mark.parametrize("address", ["10.0.0.1", "169.254.169.254", "::1", "64:ff9b::a00:1"])
def test_a_name_of_something_private_is_refused(names, address):
    names.answers = [[address]]
    with pytest.raises(ForbiddenAddress):
        post(f"https://{NAME}/")


@pytest.mark.parametrize(
    "url", ["https://", "https://[/", "ftp://x/", "push", f"https://{'x' * 64}.org/", "https://a..b/"]
)
def test_an_invalid_address_is_refused(url):
    with pytest.raises(ForbiddenAddress):
        post(url)


def test_a_name_that_changes_its_mind_is_asked_once(names, echo, monkeypatch):
    monkeypatch.setattr(outbound, "SECONDS", 0.5)
    names.answers = [["192.0.2.1"], ["127.0.0.1"]]  # the first leads nowhere, and is allowed here
    with pytest.raises(Unreachable):
        post(f"http://{NAME}:{echo.port}/", lambda address, is_tls: str(address) == "192.0.2.1")
    assert names.asked == 1
    assert echo.requests == 0

    assert post(f"http://{NAME}:{echo.port}/", allow_public_or_loopback) == 201  # the second would have
    with pytest.raises(ForbiddenAddress):
        post(f"http://{NAME}:{echo.port}/")


def test_of_several_addresses_only_those_allowed_are_tried(names, echo):
    names.answers = [["10.0.0.1", "::1", "127.0.0.1"]]
    assert post(f"http://{NAME}:{echo.port}/", allow_public_or_loopback) == 201  # nothing listens on ::1


def test_a_name_that_is_not_resolved_in_time_is_left(monkeypatch):
    done = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **how: done.wait(10))
    monkeypatch.setattr(outbound, "SECONDS", 0.3)
    began = time.monotonic()
    with pytest.raises(Unreachable, match="timeout"):
        post(f"https://{NAME}/")
    assert time.monotonic() - began < 1
    done.set()


def test_a_handshake_that_never_ends_is_left(names, monkeypatch):
    monkeypatch.setattr(outbound, "SECONDS", 0.3)
    names.answers = [["127.0.0.1"]]
    began = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unreachable, match="timeout"):
        post(f"https://{NAME}:{silent.getsockname()[1]}/", allow_public_or_loopback)
    assert time.monotonic() - began < 1


def test_proxies_of_the_environment_see_nothing(names, echo, monkeypatch):
    names.answers = [["127.0.0.1"]]
    with Echo() as proxy:
        for name in ("http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert post(f"http://{NAME}:{echo.port}/", allow_public_or_loopback) == 201
        assert proxy.requests == 0


def test_a_long_answer_is_not_read_to_its_end(echo):
    echo.next(Reply(500, b"x" * 5_000_000))
    assert len(OutboundClient(allow_any).post(echo.url, b"", {}).content) <= outbound.MAX_RESPONSE_BYTES


def test_time_that_is_over_does_not_come_back():
    with deadlines.within(0.05), deadlines.within(10):
        time.sleep(0.06)
        with pytest.raises(TimeoutError):
            deadlines.seconds_left()


@pytest.mark.parametrize(("certified", "outcome"), [(NAME, 201), ("other.example.org", "bad certificate")])
def test_tls_keeps_to_the_name(names, monkeypatch, tmp_path, certified, outcome):
    names.answers = [["127.0.0.1"]]
    context, seen = certificate(certified, tmp_path), []
    context.sni_callback = lambda sock, name, _: seen.append(name)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    with Echo(context) as server:
        url = f"https://{NAME}:{server.port}/x"
        if outcome == 201:
            client = OutboundClient(allow_public_or_loopback)
            assert [client.post(url, b"x", {}).status_code for _ in range(2)] == [201, 201]
            assert server.wait_for(1)[0].headers["Host"] == f"{NAME}:{server.port}"
            assert names.asked == 1  # the connection is kept
        else:
            with pytest.raises(Unreachable, match="bad certificate"):
                post(url, allow_public_or_loopback)
            assert server.requests == 0
    assert seen == [NAME]


def test_a_server_without_a_valid_certificate_is_refused(names, tmp_path):
    names.answers = [["127.0.0.1"]]
    with Echo(certificate(NAME, tmp_path)) as server, pytest.raises(Unreachable, match="bad certificate"):
        post(f"https://{NAME}:{server.port}/", allow_public_or_loopback)


def certificate(name: str, folder) -> ssl.SSLContext:
    """One that this name has given itself, in `certificate.pem`, and how to serve with it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context
