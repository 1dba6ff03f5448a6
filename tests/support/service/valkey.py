"""A server for what replicas share: Debian's redis-server speaks the protocol of Valkey."""

import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from tests.support.needs import require


class Server:
    """A server on a socket of its own, which can be killed and started again, and forgets."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "s"
        self.url = f"valkey+unix://{self.socket}"
        self._folder = folder
        self.start()

    def start(self) -> None:
        command = [str(require("redis-server")), "--port", "0", "--unixsocket", str(self.socket), "--save", ""]
        self._process = subprocess.Popen(command, cwd=self._folder, stdout=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while not self._answers():
            assert time.monotonic() < end and self._process.poll() is None
            time.sleep(0.01)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client, suppress(OSError):
            client.settimeout(1.0)
            client.connect(str(self.socket))
            client.sendall(b"PING\r\n")
            return client.recv(7) == b"+PONG\r\n"
        return False

    def freeze(self) -> None:
        """Stop it where it is: the system goes on taking what is sent to it."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self.socket.unlink(missing_ok=True)
