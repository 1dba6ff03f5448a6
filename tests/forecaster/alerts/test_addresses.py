"""Webhooks reach the public internet alone, whatever a name resolves to and whenever."""

import pytest

from forecaster.alerts.addresses import Allowed, CheckedBackend, Refused, is_public
from forecaster.errors import ConfigurationError


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:2800:21f::1", "2a00:1450:4001:82a::200e"])
def test_addresses_of_the_public_internet_may_be_reached(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
        *("169.254.169.254", "100.64.0.1", "100.127.255.254", "192.0.0.8", "192.0.2.1", "192.88.99.1", "198.18.0.1"),
        *("198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1"),
        *("fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "2002:7f00:1::", "2001:db8::1"),
        *("2001::1", "2002:808:808::1", "100::1", "2606:2800:21f::1%1", "", "localhost", "0x7f.1", "8.8.8.8.8"),
    ],
)
def test_private_local_mapped_and_translated_addresses_may_not(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    ("found", "dialed"),
    [
        (["8.8.8.8"], "8.8.8.8"),
        (["8.8.8.8", "8.8.4.4"], "8.8.8.8"),
        (["8.8.8.8", "10.0.0.1"], None),
        (["10.0.0.1", "8.8.8.8"], None),
        (["::ffff:10.0.0.1"], None),
    ],
)
async def test_the_address_that_was_checked_is_dialed_and_none_where_one_of_them_is_private(found, dialed):
    calls = []

    async def resolve(host, port):
        return found

    async def dial(address, port, seconds):
        calls.append((address, port))
        return "a connection"

    backend = CheckedBackend(Allowed(), resolve, dial)
    if dialed is None:
        with pytest.raises(Refused):
            await backend.connect_tcp("hooks.example", 443)
        assert calls == []
    else:
        assert await backend.connect_tcp("hooks.example", 443) == "a connection"
        assert calls == [(dialed, 443)]


async def test_an_allowed_host_may_be_private_and_only_at_its_port():
    async def resolve(host, port):
        return ["10.0.0.5"]

    async def dial(address, port, seconds):
        return address

    backend = CheckedBackend(Allowed(["Hooks.local:9000", "[::1]:9001", "other.local"]), resolve, dial)
    assert await backend.connect_tcp("hooks.local", 9000) == "10.0.0.5"
    assert await backend.connect_tcp("::1", 9001) == "10.0.0.5"
    assert await backend.connect_tcp("other.local", 1) == "10.0.0.5"
    with pytest.raises(Refused):
        await backend.connect_tcp("hooks.local", 443)


@pytest.mark.parametrize("entry", ["", "http://hooks.local", "a@b:1", "hooks:0", "hooks:70000"])
def test_what_is_no_host_is_refused_at_start(entry):
    with pytest.raises(ConfigurationError, match="CRYPTOSENSE_ALERT_HOSTS"):
        Allowed([entry])
