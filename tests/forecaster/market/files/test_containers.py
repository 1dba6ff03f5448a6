"""Archives and damaged files: refused with what to do, in bounded memory, and never a traceback."""

import gzip
import io
import random
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from forecaster.errors import CryptoSenseError, DataFileError
from forecaster.market.files.reader import read_candles
from forecaster.market.files.tables import containers
from forecaster.settings import ROOT
from tests.support.files.layouts import PLAIN, TABLE, TEXTS
from tests.support.needs import missing


def zipped(members: dict[str, bytes | str]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return held.getvalue()


PIECES = (b"", b",", b'"', b"\n", b";", b"\0", b"9" * 30, b"\xff", b"]", b"{", b"NaN", b"#", b"PM")
WHOLE = zipped({"BTCUSDT-1h.csv": PLAIN})


def refusal(path: Path) -> str:
    with pytest.raises(DataFileError) as caught:
        read_candles(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (WHOLE[: len(WHOLE) // 2], "ends early or is damaged. Download or unpack it again."),
        (WHOLE[:-10], "ends early or is damaged. Download or unpack it again."),
        (WHOLE[:200] + b"\0" * 50 + WHOLE[250:], "ends early or is damaged. Download or unpack it again."),
        (zipped({"inner.zip": WHOLE}), "holds 'inner.zip', which is not a table as text. Unpack it"),
        (zipped({"inner.csv": WHOLE}), "damaged or not a text file"),
        (zipped({"a.csv": PLAIN, "photo.png": b"png"}), "holds 'photo.png', which is not a table as text. Unpack it"),
        (zipped({}), "holds 0 files. Unpack it"),
        (zipped({"a.csv": PLAIN, "b.csv": "x,y\n1,2\n"}), "b.csv has no column for time"),
        (b"\xd0\xcf\x11\xe0 old", "is an old Excel workbook (.xls). Save it as .xlsx or CSV."),
        (b"7z\xbc\xaf\x27\x1c", "is a 7z archive. Unpack it"),
        (b"FEA1....", "is an old Feather file."),
        (b"ARROW1\0\0 and nothing more", "is damaged or not a Feather file."),
        (b"[[1, 2], [3", "has no column for time"),
        (b'{"a": 1}', "no rows of candles are recognized"),
        (b"[" * 5000, "has no column for time"),
        (b'{"a":' * 5000, "no rows of candles are recognized"),
        (b'{"open": 1}\n{"open"', "line 2: it is no JSON"),
    ],
)
def test_what_is_no_table_is_refused_with_what_to_do(tmp_path, content, said):
    (tmp_path / "file.zip").write_bytes(content)
    assert said in refusal(tmp_path / "file.zip")


@pytest.mark.parametrize("lines", [b"0" * (1 << 20), b"1771444800,1,1,1,1,1\n" * (1 << 16)])
@pytest.mark.parametrize("kind", ["zip", "gzip", "zip that lies"])
def test_a_bomb_is_stopped_by_what_really_comes_out(tmp_path, monkeypatch, lines, kind):
    monkeypatch.setattr(containers, "FREE_BYTES", 1 << 20)
    text = b"time,open,high,low,close,volume\n" + lines * 8
    path = tmp_path / "file"
    if kind == "gzip":
        path.write_bytes(gzip.compress(text))
    else:
        content = bytearray(zipped({"x.csv": text}))
        if kind == "zip that lies":  # about the size that it unpacks to, in its list of contents
            at = content.rindex(b"PK\x01\x02")
            content[at + 24 : at + 28] = (1000).to_bytes(4, "little")
        path.write_bytes(content)
    said = refusal(path)
    assert "unpacks to far more" in said or "ends early" in said or "cannot be read as a table" in said


def test_a_million_rows_out_of_order_take_no_more_memory_than_in_order(tmp_path):
    status = Path("/proc/self/status")
    if not status.exists():
        missing("/proc", "run on Linux")
    count = 900_000
    rows = [f"{1_500_000_000 + 60 * at},10.25,12.5,9.75,11,{at % 7}\n" for at in range(count)]
    code = (
        "import sys, pathlib; from forecaster.market.files.reader import read_candles\n"
        "file = read_candles(pathlib.Path(sys.argv[1]))\n"
        "print(len(file.candles), float(file.candles.volume.sum()), pathlib.Path('/proc/self/status').read_text())"
    )
    told, peaks = [], []
    for order in (1, -1):
        (tmp_path / "minutes.csv").write_text("time,open,high,low,close,volume\n" + "".join(rows[::order]))
        command = [sys.executable, "-c", code, str(tmp_path / "minutes.csv")]
        shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        told.append(shown.split()[:2])
        peaks.append(int(re.search(r"VmHWM:\s+(\d+) kB", shown)[1]) / 1000)
    assert told[0] == told[1] == [str(count // 60), told[0][1]]
    assert max(peaks) < 260  # MB; the rows alone, held at once and sorted, would take over 100 more


def test_whatever_happens_to_a_file_it_is_read_or_refused_in_words(tmp_path):
    generator = random.Random(5)
    names = sorted(TEXTS)
    for at in range(250):
        content = bytearray(TEXTS[names[at % len(names)]].encode()[:4000])
        for _ in range(generator.choice((1, 3))):
            place = generator.randrange(len(content))
            piece = generator.choice(
                (b"", b",", b'"', b"\n", b";", b"\0", b"9" * 30, b"\xff", b"]", b"{", b"NaN", b"#", b"PM")
            )
            content[place : place + generator.choice((0, 1, 30))] = piece
        (tmp_path / "file").write_bytes(content)
        try:
            assert len(read_candles(tmp_path / "file").candles) <= len(TABLE)
        except CryptoSenseError as error:
            assert error.remedy
