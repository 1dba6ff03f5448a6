"""`inspect`, and the commands that read files: what was recognized, in words and for programs."""

import json

import pytest

import app
from forecaster.market.files.inspection import picture
from forecaster.schema import HOUR, Forecast
from tests.support.fakes import candles_ending
from tests.support.files.layouts import PLAIN, ROWS, START, TEXTS, lines


@pytest.fixture
def folder(tmp_path):
    for name in ("german.csv", "kraken_7.csv"):
        (tmp_path / name).write_text(TEXTS[name])
    (tmp_path / "SOLUSDT.csv").write_text(PLAIN)
    (tmp_path / "Bitstamp_BTCEUR.csv").write_text(PLAIN)
    (tmp_path / "holes.csv").write_text(lines("time,open,high,low,close", [
        [int(row[0]) + 2 * (at % 3), *row[1:5]] for at, row in enumerate(ROWS[::-1]) if at not in range(40, 47)
    ]))  # fmt: skip
    return tmp_path


def test_inspect_says_in_a_few_lines_what_was_recognized_and_draws_it(folder, capsys):
    assert app.main(["inspect", str(folder / "holes.csv")]) == 0
    said = capsys.readouterr().out
    for words in (
        "layout   CSV, named columns",
        "coin     BTC-USD, prices in USD",
        "step     1 hour, 293 rows read as 293 hours",
        "times    UTC",
        "span     2026-02-18T20:00Z to 2026-03-03T08:00Z",
        "gaps     7 hours without a trade; longest: 7 h from 2026-03-01 09:00",
        "volume   none",
        "repaired the rows were sorted by time",
        "repaired rows moved by some seconds to their place: 19",
        "note     The file names no coin; by its prices it is Bitcoin (--symbol names another).",
    ):
        assert words in said, words
    assert len(said.splitlines()) <= 20
    assert set(said.splitlines()[-1]) <= set("▁▂▃▄▅▆▇█")


def test_inspect_gives_json_to_programs(folder, capsys):
    assert app.main(["inspect", str(folder / "kraken_7.csv"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["layout"], told["symbol"], told["step_seconds"], told["hours"]) == (
        "CSV, Kraken's OHLCVT", "BTC-USD", HOUR, 300
    )  # fmt: skip
    assert (told["missing_hours"], told["repairs"], told["last_close"]) == (0, [], ROWS[-1][4])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["inspect", "gone.csv"], "There is no file gone.csv"),
        (["inspect", "german.csv", "--timezone", "Mars"], "'Mars' is no time zone"),
        (["inspect", "SOLUSDT.csv", "--symbol", "ETH-USD"], "SOLUSDT.csv holds SOL, not ETH"),
        (["forecast", "--source", "SOLUSDT.csv", "--symbol", "BTC-USD"], "SOLUSDT.csv holds SOL, not BTC"),
        (["evaluate", "--data", "SOLUSDT.csv", "--symbol", "BTC-USD"], "SOLUSDT.csv holds SOL, not BTC"),
        (["evaluate", "--data", "gone*.csv"], "There is no file gone*.csv"),
    ],
)
def test_what_cannot_be_read_is_one_line_that_says_what_to_do(folder, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(folder)
    assert app.main(arguments) == 1
    assert said in capsys.readouterr().err.splitlines()[-1]


def test_day_and_month_first_exclude_each_other(folder, capsys):
    with pytest.raises(SystemExit) as ended:
        app.main(["inspect", str(folder / "german.csv"), "--dayfirst", "--monthfirst"])
    assert ended.value.code == 2


def test_a_forecast_from_a_file_is_of_its_coin_in_its_currency(folder, capsys):
    for name, quote in (("german.csv", "USD"), ("Bitstamp_BTCEUR.csv", "EUR")):
        assert app.main(["forecast", "--source", str(folder / name), "--json"]) == 0
        issued = Forecast.model_validate_json(capsys.readouterr().out)
        assert (issued.symbol, issued.quote, issued.last_close) == ("BTC-USD", quote, ROWS[-1][4])
        assert issued.as_of.timestamp() == START + 300 * HOUR


def test_evaluate_reads_several_files_and_patterns(folder, capsys):
    rows = PLAIN.splitlines()
    (folder / "BTCUSDT-1.csv").write_text("\n".join(rows[:200]))
    (folder / "BTCUSDT-2.csv").write_text("\n".join([rows[0], *rows[190:]]))
    assert app.main(["evaluate", "--data", str(folder / "BTCUSDT-*.csv"), "--json"]) == 0
    several = json.loads(capsys.readouterr().out)
    assert app.main(["evaluate", "--data", str(folder / "Bitstamp_BTCEUR.csv"), "--json"]) == 0
    assert several == json.loads(capsys.readouterr().out)


def test_the_picture_is_as_wide_as_a_terminal_at_most_and_has_one_bar_for_few_hours():
    assert len(picture(candles_ending(hours=5000))) == 72
    assert picture(candles_ending(hours=1)) == "▁"
