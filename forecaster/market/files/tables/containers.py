"""What a file is by its first bytes, and the text inside: plain, gzip or ZIP, UTF-8 or UTF-16, never too much."""

import codecs
import gzip
import io
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from forecaster.errors import DataFileError
from forecaster.market.files.rows import EXPECTED

BROKEN = (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError)
MOST_BYTES = 4 << 30  # of text in one file
MOST_RATIO = 200  # bytes of text for one compressed; tables of prices have about 4
FREE_BYTES = 64 << 20  # whatever the ratio
MOST_MEMBERS = 2000  # files in a ZIP: five years of days
AGAIN = "Download or unpack it again."


@dataclass(frozen=True, slots=True)
class Text:
    """A text inside a file, which can be opened as often as it takes."""

    name: str  # as people know it
    opener: Callable[[], Any]  # a binary stream

    def open(self) -> Any:
        """A binary stream of UTF-8. Raises DataFileError."""
        try:
            with self.opener() as stream:
                start = stream.read(4)
            stream = self.opener()
        except BROKEN as error:
            raise broken(self.name) from error
        if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return _Recoded(stream)
        if start[:3] == b"\xef\xbb\xbf":
            stream.read(3)
        return stream

    def head(self, size: int) -> bytes:
        """The first bytes. Raises DataFileError."""
        try:
            with self.open() as stream:
                return bytes(stream.read(size))
        except BROKEN as error:
            raise broken(self.name) from error

    def is_longer(self, size: int) -> bool:
        """Than so many bytes. Raises DataFileError."""
        try:
            with self.open() as stream:
                while size >= 0 and (part := stream.read(min(size + 1, 1 << 20))):
                    size -= len(part)
        except BROKEN as error:
            raise broken(self.name) from error
        return size < 0


def broken(name: str) -> DataFileError:
    """What is said of a file that ends early or was altered."""
    return DataFileError(f"{name} ends early or is damaged.", AGAIN)


def first_bytes(path: Path) -> bytes:
    """The first bytes of a file. Raises DataFileError when it is missing or empty."""
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except FileNotFoundError as error:
        raise DataFileError(f"There is no file {path}.", "Check the path.") from error
    except OSError as error:
        raise DataFileError(f"{path} cannot be opened.", "Check that it is a file that you may read.") from error
    if not start:
        raise DataFileError(f"{path.name} is empty.", EXPECTED)
    return start


def text_of(path: Path, start: bytes) -> Text:
    """The text of a plain or gzip file."""
    if start[:2] == b"\x1f\x8b":
        size = path.stat().st_size
        return Text(path.name, lambda: _Bounded(gzip.open(path), path.name, size))
    return Text(path.name, lambda: pa.input_stream(str(path), compression=None))


def is_workbook(path: Path) -> bool:
    """Whether a ZIP is an Excel workbook. Raises DataFileError when it is no whole ZIP."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except BROKEN as error:
        raise broken(path.name) from error


def texts_in(path: Path) -> list[Text]:
    """The tables in a ZIP, by name. Raises DataFileError where there is none, or something else."""
    with zipfile.ZipFile(path) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir() and not _is_litter(info.filename)]
    if not infos or len(infos) > MOST_MEMBERS:
        raise DataFileError(f"{path.name} holds {len(infos)} files.", "Unpack it and name the files that hold candles.")
    for info in infos:
        ending = info.filename.lower().rpartition(".")[2]
        if info.flag_bits & 1:
            raise DataFileError(f"{path.name} is locked with a password.", "Unpack it and name the file inside.")
        if ending in ("zip", "gz", "7z", "rar", "xlsx", "parquet", "feather") or ending not in (
            "csv",
            "tsv",
            "txt",
            "json",
            "jsonl",
        ):
            raise DataFileError(
                f"{path.name} holds {info.filename[-60:]!r}, which is not a table as text.",
                "Unpack it and name the files that hold candles.",
            )
        if info.file_size > _limit(info.compress_size):
            raise _too_much(f"{path.name}: {info.filename[-60:]}")
    return [_member(path, info) for info in sorted(infos, key=lambda info: info.filename)]


def inflate_whole(path: Path, most: int) -> None:
    """Raise DataFileError when the members of a ZIP hold more than `most` bytes in all, by what really comes out."""
    total = 0
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                with archive.open(info) as member:
                    while part := member.read(1 << 20):
                        total += len(part)
                        if total > most:
                            raise _too_much(path.name)
    except BROKEN as error:
        raise broken(path.name) from error


def _member(path: Path, info: zipfile.ZipInfo) -> Text:
    name = f"{path.name}: {info.filename[-60:]}"

    def opened() -> _Bounded:
        archive = zipfile.ZipFile(path)
        try:
            return _Bounded(archive.open(info), name, info.compress_size, archive)
        except BaseException:
            archive.close()
            raise

    return Text(name, opened)


def _is_litter(name: str) -> bool:
    return name.startswith("__MACOSX/") or name.rpartition("/")[2].startswith(".") or name.upper().endswith("CHECKSUM")


def _limit(compressed: int) -> int:
    return min(MOST_BYTES, max(FREE_BYTES, MOST_RATIO * compressed))


def _too_much(name: str) -> DataFileError:
    return DataFileError(f"{name} unpacks to far more than a table of candles.", "Check where it comes from.")


class _Recoded(io.RawIOBase):
    """A stream of UTF-16 as UTF-8; what is no letter becomes the mark for that."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-16")(errors="replace")
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        ended = False
        while not self._ready and not ended:
            part = bytes(self._stream.read(1 << 18))
            ended = not part
            self._ready = self._decoder.decode(part, ended).encode(errors="replace")
        part, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        self._stream.close()
        super().close()


class _Bounded(io.RawIOBase):
    """A stream that stops with DataFileError when more comes out of it than a table could hold."""

    def __init__(self, stream: Any, name: str, compressed: int, archive: zipfile.ZipFile | None = None) -> None:
        self._stream = stream
        self._archive = archive
        self._name = name
        self._left = _limit(compressed)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._stream.read(len(buffer))
        self._left -= len(part)
        if self._left < 0:
            raise _too_much(self._name)
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        self._stream.close()
        if self._archive:
            self._archive.close()
        super().close()
