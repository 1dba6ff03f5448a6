"""Layouts that people have, and what happens to files on their way: all read to the same candles."""

import gzip
import io
import json
import zipfile

import numpy as np
import pandas as pd
import pytest

from forecaster.market.candles import Candles
from forecaster.market.files.reader import read_candles
from forecaster.market.files.rows import Reading
from forecaster.schema import HOUR
from tests.support.files.layouts import LISTS, PLAIN, RECORDS, ROWS, SIBLINGS, START, TABLE, TEXTS, lines, when
from tests.support.needs import missing


def same(candles: Candles, volume: bool = True) -> None:
    """To the second, the cent and the thousandth of a coin."""
    assert candles.time.tolist() == TABLE.time.tolist()
    for name in ("open", "high", "low", "close"):
        np.testing.assert_allclose(getattr(candles, name), getattr(TABLE, name), atol=1e-9, rtol=0)
    np.testing.assert_allclose(candles.volume, TABLE.volume if volume else 0, atol=1e-3 + 1e-9, rtol=0)


def frame() -> pd.DataFrame:
    return pd.DataFrame(RECORDS)


@pytest.mark.parametrize("name", TEXTS)
def test_a_layout_reads_to_the_same_candles(tmp_path, name):
    (tmp_path / name).write_text(TEXTS[name])
    file = read_candles(tmp_path / name)
    same(file.candles)
    assert (file.symbol, file.spacing, file.has_volume, file.closes_only) == ("BTC-USD", HOUR, True, False)


@pytest.mark.parametrize("name", TEXTS)
def test_a_layout_reads_the_same_from_gzip(tmp_path, name):
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(TEXTS[name].encode()))
    same(read_candles(tmp_path / f"{name}.gz").candles)


@pytest.mark.parametrize("sibling", SIBLINGS)
def test_what_happens_on_the_way_does_no_harm(tmp_path, sibling):
    (tmp_path / "file.csv").write_bytes(SIBLINGS[sibling](PLAIN))
    same(read_candles(tmp_path / "file.csv").candles)


@pytest.mark.parametrize("sibling", ["bom", "utf16", "windows"])
@pytest.mark.parametrize(
    "name", ["binance_us.csv", "cryptodatadownload.csv", "german.csv", "yfinance.csv", "records.json"]
)
def test_other_layouts_survive_the_way_too(tmp_path, name, sibling):
    (tmp_path / name).write_bytes(SIBLINGS[sibling](TEXTS[name]))
    same(read_candles(tmp_path / name).candles)


def test_a_header_of_old_windows_is_read(tmp_path):
    (tmp_path / "german.csv").write_bytes(TEXTS["german.csv"].encode("cp1252"))
    same(read_candles(tmp_path / "german.csv").candles)


@pytest.mark.parametrize("compression", ["lz4", "zstd", "uncompressed"])
def test_feather_is_read(tmp_path, compression):
    path = tmp_path / "BTC_USDT-1h.feather"
    frame().assign(date=pd.to_datetime(TABLE.time, unit="s", utc=True)).drop(columns="time").to_feather(
        path, compression=compression
    )
    file = read_candles(path)
    same(file.candles)
    assert (file.symbol, file.quote) == ("BTC-USD", "USDT")


def test_prices_as_text_and_an_index_without_a_name_in_parquet_are_read(tmp_path):
    text = frame().astype(dict.fromkeys(("open", "high", "low", "close", "volume"), "string"))
    text.index = pd.DatetimeIndex(pd.to_datetime(text.pop("time"), unit="s"), name=None)
    text.to_parquet(tmp_path / "text.parquet")
    same(read_candles(tmp_path / "text.parquet").candles)


@pytest.mark.parametrize("members", [1, 3])
def test_a_zip_as_downloaded_is_read_and_the_parts_in_it_are_joined(tmp_path, members):
    header, *rows = PLAIN.splitlines()
    with zipfile.ZipFile(tmp_path / "BTCUSDT-1h.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for part in range(members):
            own = rows[len(rows) * part // members : len(rows) * (part + 1) // members + 5]  # and a few of the next
            archive.writestr(f"BTCUSDT-1h-2026-{9 - part:02}.csv", "\n".join([header, *own]))
        archive.writestr("__MACOSX/._x", "litter")
    file = read_candles(tmp_path / "BTCUSDT-1h.zip")
    same(file.candles)
    assert (file.symbol, file.quote) == ("BTC-USD", "USDT")


def test_several_files_and_patterns_are_one_series(tmp_path):
    rows = PLAIN.splitlines()
    for part in range(3):
        (tmp_path / f"BTCUSDT-1h-2026-0{3 - part}.csv").write_text(
            "\n".join([rows[0], *rows[1 + 100 * part : 104 + 100 * part]])
        )
    same(read_candles(str(tmp_path / "BTCUSDT-1h-*.csv")).candles)
    file = read_candles([tmp_path / "BTCUSDT-1h-2026-02.csv", str(tmp_path / "*-0[13].csv")])
    same(file.candles)
    assert any("merged: 6" in repair for repair in file.repairs)


@pytest.mark.parametrize(
    "text",
    [
        lines("time,open,high,low,close", [[int(row[0]), *row[1:5]] for row in ROWS]),
        lines(None, [[int(row[0]), *row[1:5]] for row in ROWS]),
        lines("time,open,high,low,close,volume", [[int(row[0]), *row[1:5], 0] for row in ROWS]),
        lines("time,open,high,low,close,volume", [[int(row[0]), *row[1:5], ""] for row in ROWS]).replace(",\n", ",0\n"),
    ],
)
def test_a_file_without_volume_says_so_and_is_no_silent_market(tmp_path, text):
    (tmp_path / "index.csv").write_text(text)
    file = read_candles(tmp_path / "index.csv")
    same(file.candles, volume=False)
    assert not file.has_volume
    assert "It has no volume; a model is told that trading is as usual." in file.notes


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("coingecko.json", json.dumps({
            "prices": [[row[0], row[4]] for row in LISTS], "total_volumes": [[row[0], 9e9] for row in LISTS]
        })),
        ("coingecko.csv", lines("snapped_at,price,market_cap,total_volume", [
            [when(row[0], "%Y-%m-%d %H:%M:%S UTC"), row[4], "", 9e9] for row in ROWS
        ])),
    ],
)  # fmt: skip
def test_closes_alone_are_read_as_such_and_said(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    file = read_candles(tmp_path / name)
    assert file.candles.close.tolist() == TABLE.close.tolist()
    assert file.candles.high.tolist() == file.candles.low.tolist() == TABLE.close.tolist()
    assert file.closes_only and not file.has_volume


def workbook(*rows: list[object]) -> bytes:
    """A workbook of one sheet with numbers, text and formulas ("=A1"), which have no stored value."""
    cells = "".join(
        "<row>" + "".join(
            f"<c><f>{cell[1:]}</f></c>" if isinstance(cell, str) and cell.startswith("=")
            else f'<c t="inlineStr"><is><t>{cell}</t></is></c>' if isinstance(cell, str)
            else f"<c><v>{cell}</v></c>" for cell in row
        ) + "</row>" for row in rows
    )  # fmt: skip
    main, office = "http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://schemas.openxmlformats.org"
    relation = f"{office}/officeDocument/2006/relationships"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{office}/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{office}/package/2006/relationships"><Relationship Id="r" '
        f'Type="{relation}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{relation}"><sheets>'
        '<sheet name="Bitcoin" sheetId="1" r:id="r"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{office}/package/2006/relationships"><Relationship '
        f'Id="r" Type="{relation}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>',
    }
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return held.getvalue()


@pytest.fixture
def calamine():
    try:
        import python_calamine  # noqa: F401
    except ImportError:
        missing("python-calamine", "pip install python-calamine")


@pytest.mark.parametrize("time", [lambda row: when(row[0], "%d/%m/%Y %H:%M"), lambda row: row[0] / 86_400 + 25_569])
def test_a_workbook_is_read(tmp_path, calamine, time):
    table = [[time(row), *row[1:]] for row in ROWS]
    (tmp_path / "x.xlsx").write_bytes(workbook(["My prices"], ["Date", "Open", "High", "Low", "Close", "Vol."], *table))
    file = read_candles(tmp_path / "x.xlsx")
    same(file.candles)
    assert file.layout.startswith("XLSX") and file.symbol == "BTC-USD"


def test_times_of_a_local_clock_are_read_by_its_zone_and_doubled_hours_told_apart(tmp_path):
    begin = 1_761_429_600  # 2025-10-25 22:00 UTC, two hours before clocks in Berlin go back
    times = [begin + HOUR * hour for hour in range(30)]
    local = pd.to_datetime(times, unit="s", utc=True).tz_convert("Europe/Berlin")
    for form in ("%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M"):
        for order in (1, -1):
            cells = [[text, 10, 12, 9, 11, 1 + at] for at, text in enumerate(local.strftime(form))]
            (tmp_path / "BTCEUR.csv").write_text(lines("time,open,high,low,close,volume", cells[::order]))
            file = read_candles(tmp_path / "BTCEUR.csv", Reading(timezone="Europe/Berlin"))
            assert file.candles.time.tolist() == times
            assert file.candles.volume.tolist() == [1 + at for at in range(30)]
            assert any("ran through twice, told apart by their order: 2" in repair for repair in file.repairs)
    assert START % HOUR == 0
