"""Debian's nginx with the files of docs/proxy.md, in a process, on ports and in a folder of its own."""

import ipaddress
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from forecaster.settings import ROOT

PROGRAM = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
PATIENCE = 60  # seconds
PREFIX = "/cs"
SERVICE = "http://127.0.0.1:8000"  # in the documentation
INCLUDED, SERVER, BELOW, NAMED = re.findall(r"```nginx\n(.*?)```", (ROOT / "docs" / "proxy.md").read_text(), re.S)
LEFT_ON = BELOW.replace(f"{SERVICE}/;", f"{SERVICE};")

_AT_ROOT = SERVER[SERVER.index("    location") : SERVER.rindex("}")]
_CONF = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ }}
http {{
    log_format asked "$server_port $request_uri";
    access_log {folder}/access.log asked;
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/answers;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {servers}
}}
"""


class Site(NamedTuple):
    """A server of nginx, in front of the service at `service`."""

    service: str
    locations: str = _AT_ROOT
    tls: bool = False

    @property
    def prefix(self) -> str:
        return "" if self.locations is _AT_ROOT else PREFIX

    def conf(self, port: int, folder: Path) -> str:
        """The documentation's server with these locations, at this port."""
        text = SERVER.replace(_AT_ROOT, self.locations).replace(SERVICE, self.service)
        text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{port}{' ssl' * self.tls};")
        text = text.replace("/etc/ssl/certs/chat.pem", str(folder / "chat.pem"))
        text = text.replace("/etc/ssl/private/chat.key", str(folder / "chat.key"))
        return text if self.tls else re.sub(r"ssl_certificate.*;", "", text)


class Nginx:
    """A running nginx with one address for each of its sites."""

    def __init__(self, folder: Path, addresses: Sequence[str]) -> None:
        self.addresses = addresses
        self._folder = folder

    @property
    def trusting(self) -> ssl.SSLContext:
        """For a client that knows the certificate."""
        return ssl.create_default_context(cafile=self._folder / "chat.pem")

    def asked(self, address: str) -> list[str]:
        """The paths that were asked for at an address, and answered by now."""
        port = address.split("/")[2].partition(":")[2]
        lines = (line.split(" ", 1) for line in (self._folder / "access.log").read_text().splitlines())
        return [path for asked_at, path in lines if asked_at == port]


@contextmanager
def nginx(folder: Path, sites: Sequence[Site]) -> Iterator[Nginx]:
    """nginx in front of services, one server for each of the sites. Its files are in `folder`."""
    if PROGRAM is None:
        missing = "nginx is not installed: apt-get install nginx-light"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    _certificate(folder)
    (folder / "cryptosense.conf").write_text(INCLUDED)
    process, ports = _started(folder, sites)
    try:
        schemes = ("https" if site.tls else "http" for site in sites)
        each = zip(schemes, ports, sites, strict=True)
        yield Nginx(folder, [f"{scheme}://localhost:{port}{site.prefix}" for scheme, port, site in each])
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _started(folder: Path, sites: Sequence[Site]) -> tuple[subprocess.Popen[bytes], list[int]]:
    """nginx, listening; it says so by writing its process id. Another program may take a free port before it does."""
    for _ in range(5):
        ports = _free_ports(len(sites))
        servers = "\n".join(site.conf(port, folder) for site, port in zip(sites, ports, strict=True))
        (folder / "nginx.conf").write_text(_CONF.format(folder=folder, servers=servers))
        command = [str(PROGRAM), "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        end = time.monotonic() + PATIENCE
        while process.poll() is None and not (folder / "pid").exists():
            assert time.monotonic() < end
            time.sleep(0.01)
        if process.poll() is None:
            return process, ports
    raise AssertionError((folder / "error.log").read_text())


def _free_ports(number: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _certificate(folder: Path) -> None:
    """A certificate of nobody's but its own, for this machine."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=7))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "chat.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    unencrypted = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    (folder / "chat.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, unencrypted))
