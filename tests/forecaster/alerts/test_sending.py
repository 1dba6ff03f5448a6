"""One try against real servers: signed, checked, bounded, and nobody is followed."""

import asyncio
import hashlib
import hmac
import time

import pytest

from forecaster.alerts.addresses import Allowed
from forecaster.alerts.queue import Parcel
from forecaster.alerts.sending import READ_WITHIN, Receiver, Try, signature
from tests.support.receivers.webhooks import PUBLIC, Receivers, certificate

NOW = 1_772_366_400


@pytest.fixture(scope="module")
def files():
    with certificate() as folder:
        yield folder


@pytest.fixture
async def there(files):
    async with Receivers(files) as receivers:
        yield receivers


def parcel(url="https://a.good.example/hooks/7?x=1", body='{"sequence": 1}'):
    return Parcel("ev_1", "al_1", "a.good.example:443", url, "whsec_of_tests", body, NOW, 0)


async def test_a_delivery_is_signed_with_its_moment_and_the_body_that_comes(there):
    assert await there.client().send(parcel(), NOW + 0.7) == Try("delivered")
    [(headers, body)] = there.got["a.good.example"]
    said = hmac.new(b"whsec_of_tests", f"{NOW}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["cryptosense-signature"] == f"t={NOW},v1={said}" == signature("whsec_of_tests", body, NOW)
    assert headers["cryptosense-id"] == "ev_1"
    assert headers["host"] == "a.good.example"
    assert body == b'{"sequence": 1}'


async def test_a_redirect_is_a_failure_and_is_not_followed(there):
    found = await there.client().send(parcel("https://a.redirecting.example/"), NOW)
    assert found == Try("failed", "answers 307")
    assert len(there.dialed) == 1


async def test_a_name_that_turns_private_at_the_second_look_is_refused_and_not_dialed(there):
    client = there.client()
    assert (await client.send(parcel("https://a.rebinding.example/"), NOW)).result == "failed"
    assert there.dialed == [(PUBLIC, 443)]
    assert (await client.send(parcel("https://a.rebinding.example/"), NOW)).result == "refused"
    assert there.dialed == [(PUBLIC, 443)]


async def test_who_never_answers_is_left_after_the_time_of_one_try(there):
    began = time.monotonic()
    found = await there.client(within=0.5).send(parcel("https://a.silent.example/"), NOW)
    assert found == Try("failed", "does not answer in time")
    assert time.monotonic() - began < 3


async def test_an_endless_answer_is_read_no_further_than_its_bound(there):
    began = time.monotonic()
    assert await there.client().send(parcel("https://a.endless.example/"), NOW) == Try("delivered")
    assert time.monotonic() - began < READ_WITHIN + 2


async def test_500_is_a_failure(there):
    assert await there.client().send(parcel("https://a.failing.example/"), NOW) == Try("failed", "answers 500")


async def test_a_certificate_of_another_name_is_not_taken(there):
    async def resolve(host, port):
        return await there.resolve("a.good.example", port)

    receiver = Receiver(resolve=resolve, dial=there.dial, tls=there.trusting)
    assert (await receiver.send(parcel("https://elsewhere.example/"), NOW)).result == "failed"
    assert there.got == {}


@pytest.mark.parametrize(
    "url",
    [
        "http://a.good.example/",
        "https://127.0.0.1/",
        "https://[::1]:8443/",
        "https://169.254.169.254/latest/meta-data/",
    ],
)
async def test_http_and_private_addresses_are_refused_without_a_look(there, url):
    assert (await there.client().send(parcel(url), NOW)).result == "refused"
    assert there.dialed == []


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "localhost"])
async def test_other_ways_to_write_a_local_address_are_refused_where_they_resolve(host):
    assert (await Receiver().send(parcel(f"https://{host}/"), NOW)).result in ("refused", "failed")


async def test_an_allowed_host_is_reached_without_tls():
    got = []

    async def served(reader, writer):
        got.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(served, "127.0.0.1", 0) as server:
        place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        assert await Receiver(Allowed([place])).send(parcel(f"http://{place}/x"), NOW) == Try("delivered")
        assert (await Receiver().send(parcel(f"http://{place}/x"), NOW)).result == "refused"
    assert got[0].startswith(b"POST /x HTTP/1.1\r\n")


@pytest.mark.parametrize("answer", [b"garbage\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000 + b"\r\n"])
async def test_what_is_no_http_is_a_failure(answer):
    async def served(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(served, "127.0.0.1", 0) as server:
        place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        found = await Receiver(Allowed([place])).send(parcel(f"http://{place}/x"), NOW)
        assert found.result == "failed", found
