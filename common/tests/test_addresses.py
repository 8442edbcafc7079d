"""Which address a request comes from."""

import pytest

from common.addresses import client_address, limit_key

PROXIES = ["10.0.0.0/8", "192.168.1.5", "fd00::/8"]


def test_without_trusted_proxies_the_header_means_nothing(settings):
    settings.TRUSTED_PROXIES = []

    assert client_address("10.0.0.1", "1.2.3.4") == "10.0.0.1"


@pytest.mark.parametrize(
    ("peer", "header", "client"),
    [
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "9.9.9.9, 1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "9.9.9.9, 1.2.3.4, 192.168.1.5, 10.7.7.7", "1.2.3.4"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "1.2.3.4, nonsense", "10.0.0.1"),
        ("10.0.0.1", "nonsense, 1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "1.2.3.4:4711", "1.2.3.4"),
        ("fd00::1", "[2001:db8::7]:443", "2001:db8::7"),
        ("::ffff:10.0.0.1", "::ffff:1.2.3.4", "1.2.3.4"),
        ("8.8.8.8", "1.2.3.4", "8.8.8.8"),
        ("192.168.1.6", "1.2.3.4", "192.168.1.6"),
        ("", "1.2.3.4", ""),
        ("unix:", "1.2.3.4", "unix:"),
    ],
)
def test_the_rightmost_hop_that_is_not_a_trusted_proxy_is_the_client(settings, peer, header, client):
    settings.TRUSTED_PROXIES = PROXIES

    assert client_address(peer, header) == client


def test_limits_count_an_ipv6_customer_as_one():
    assert limit_key("2001:db8:1:2::1") == limit_key("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert limit_key("2001:db8:1:3::1") != limit_key("2001:db8:1:2::1")
    assert limit_key("1.2.3.4") == "1.2.3.4"
    assert limit_key("") == ""
