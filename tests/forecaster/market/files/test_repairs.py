"""What is repaired and counted, what is asked for since it is ambiguous, and what is refused with the reason."""

import numpy as np
import pytest

from forecaster.errors import ConfigurationError, DataFileError
from forecaster.market.files import resample, sorting
from forecaster.market.files.reader import CandleFile, read_candles
from forecaster.market.files.rows import Reading
from forecaster.schema import HOUR
from tests.support.files.layouts import PLAIN, ROWS, START, TABLE, comma, lines, plain, when

HEADER = "time,open,high,low,close,volume"
BODY = PLAIN.splitlines()[1:]


@pytest.fixture
def read(tmp_path):
    """Write a text to a file and read it."""

    def reading(text: str, name: str = "file.csv", **known: object) -> CandleFile:
        (tmp_path / name).write_text(text)
        return read_candles(tmp_path / name, Reading(**known))

    return reading


def refusal(read, text: str, name: str = "file.csv", **known: object) -> str:
    with pytest.raises(DataFileError) as caught:
        read(text, name, **known)
    return str(caught.value)


def repaired(file: CandleFile, words: str) -> bool:
    return any(words in repair for repair in file.repairs)


# --- repaired -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["newest first", "shuffled"])
def test_rows_in_any_order_are_sorted_and_that_is_said(read, order):
    rows = BODY[::-1] if order == "newest first" else np.random.default_rng(3).permutation(BODY).tolist()
    file = read("\n".join([HEADER, *rows]))
    assert file.candles.rows() == TABLE.rows()
    assert repaired(file, "the rows were sorted")


def test_equal_rows_anywhere_are_merged_and_counted(read):
    file = read("\n".join([HEADER, *BODY, *BODY[40:60]]))
    assert file.candles.rows() == TABLE.rows()
    assert repaired(file, "merged: 20")


def test_seconds_of_jitter_early_and_late_are_mended_and_counted(read):
    shifts = [0, 3, -2, 1, 4, 0, -7, 30]
    file = read(lines(HEADER, [[int(row[0]) + shifts[at % 8], *row[1:]] for at, row in enumerate(ROWS)]))
    assert file.candles.rows() == TABLE.rows()
    assert file.spacing == HOUR
    assert repaired(file, "moved by some seconds to their place: 225")


def test_rows_that_are_all_three_seconds_late_lose_no_hour(read):
    file = read(lines(HEADER, plain(lambda row: int(row[0]) + 3)))
    assert file.candles.rows() == TABLE.rows()


@pytest.mark.parametrize("after", [1, 60, 600, 3000])
def test_a_stray_row_between_hours_is_left_out_and_the_newest_hour_kept(read, after):
    stray = f"{START + 100 * HOUR + after},66000,66000,66000,66000,0.5"
    file = read("\n".join([HEADER, *BODY[:101], stray, *BODY[101:]]))
    assert file.candles.rows() == TABLE.rows()
    assert file.spacing == HOUR
    assert repaired(file, "stray rows between two hours, left out: 1")


def test_minutes_with_jitter_become_the_same_hours(read):
    def minutes(jitter: int) -> str:
        return lines(
            HEADER, [[START + 60 * at + jitter * (at % 3 - 1), 10, 12, 9, 10 + at % 3 / 2, 1] for at in range(600)]
        )

    assert read(minutes(2)).candles.rows() == read(minutes(0)).candles.rows()
    assert len(read(minutes(2)).candles) == 10


def test_a_long_file_that_is_not_in_order_is_sorted_on_disk(read, monkeypatch):
    monkeypatch.setattr(resample, "GATHERED", 100)
    monkeypatch.setattr(sorting, "PILE_ROWS", 64)
    for rows in (BODY[::-1], np.random.default_rng(3).permutation(BODY).tolist()):
        file = read("\n".join([HEADER, *rows, *BODY[:3]]))
        assert file.candles.rows() == TABLE.rows()
        assert repaired(file, "sorted") and repaired(file, "merged: 3")


def test_blank_rows_and_a_repeated_comment_do_no_harm(read):
    assert read(PLAIN + ",,,,,\n\n").candles.rows() == TABLE.rows()


# --- asked for ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("form", "day_first"), [("%d/%m/%Y %H:%M", True), ("%m/%d/%Y %H:%M", False)])
def test_day_or_month_first_is_told_by_the_whole_column_even_where_no_day_is_above_12(read, form, day_first):
    text = lines(HEADER, [[when(row[0] + 12 * 86_400, form), *row[1:]] for row in ROWS[: 9 * 24]])  # 2 to 11 March
    assert read(text).candles.time[0] == START + 12 * 86_400
    assert read(text, day_first=day_first).candles.time[0] == START + 12 * 86_400


def test_dates_that_do_not_tell_day_from_month_are_asked_for(read):
    text = lines(HEADER, [[f"03/04/2026 {hour:02}:00", *ROWS[hour][1:]] for hour in range(24)])
    assert "--dayfirst or --monthfirst" in refusal(read, text)
    assert f"{when(read(text, day_first=True).candles.time[0], '%m-%d')}" == "04-03"
    assert f"{when(read(text, day_first=False).candles.time[0], '%m-%d')}" == "03-04"


def test_dates_in_both_orders_are_refused(read):
    text = lines(HEADER, [["13/02/2026 00:00", *ROWS[0][1:]], ["02/14/2026 01:00", *ROWS[1][1:]]])
    assert "some of its dates have the day first and others the month" in refusal(read, text)


def thousands(price: float, mark: str) -> str:
    return f"{price:,.0f}".replace(",", mark)


@pytest.mark.parametrize(("mark", "decimal"), [(".", ","), (",", ".")])
def test_thousands_with_three_digits_are_told_by_the_whole_column(read, mark, decimal):
    cells = [[int(row[0]), *(thousands(price, mark) for price in row[1:5]), int(row[5])] for row in ROWS]
    text = lines(HEADER.replace(",", ";"), cells, ";")
    file = read(text)
    assert file.candles.close[-1] == round(ROWS[-1][4])
    assert any("read as thousands (--decimal says otherwise)" in note for note in file.notes)
    assert read(text, decimal=decimal).candles.close[-1] == round(ROWS[-1][4])


def test_three_digits_that_may_be_either_are_asked_for(read):
    cells = [[int(row[0]), *(f"{price / 1000:.3f}" for price in row[1:5]), 7] for row in ROWS]
    text = lines(HEADER.replace(",", ";"), cells, ";")
    message = refusal(read, text, "LTCUSD.csv")
    assert "exactly three digits after its point" in message and "--decimal point or --decimal comma" in message
    assert read(text, "LTCUSD.csv", decimal=".").candles.close[0] == round(ROWS[0][4] / 1000, 3)
    assert read(lines(HEADER, cells), "LTCUSD.csv").candles.close[0] == round(ROWS[0][4] / 1000, 3)


def test_numbers_in_two_styles_are_refused(read):
    cells = [[int(row[0]), *(comma(price) if at % 2 else price for price in row[1:])] for at, row in enumerate(ROWS)]
    assert "some numbers with a decimal point and others with a decimal comma" in refusal(
        read, lines(HEADER.replace(",", ";"), cells, ";")
    )


def test_commas_between_thousands_without_quotes_are_refused_and_not_taken_for_columns(read):
    text = HEADER + "\n" + "\n".join(f"{int(row[0])}," + ",".join(f"{each:,.2f}" for each in row[1:]) for row in ROWS)
    assert "Quote numbers that hold commas" in refusal(read, text)


def test_prices_that_pass_a_thousand_within_the_file_keep_their_size(read):
    prices = [f'"{900 + at:,.2f}"' for at in range(200)]
    text = (
        HEADER
        + "\n"
        + "\n".join(f"{START + HOUR * at},{price},{price},{price},{price},1" for at, price in enumerate(prices))
    )
    assert read(text).candles.close.tolist() == [900.0 + at for at in range(200)]


def test_local_times_are_utc_and_said_to_be_unless_a_zone_is_given(read):
    text = lines(HEADER, plain(lambda row: when(row[0], "%Y-%m-%d %H:%M")))
    file = read(text)
    assert file.candles.time[0] == START
    assert any("taken as UTC (--timezone" in note for note in file.notes)
    file = read(text, timezone="America/New_York")
    assert file.candles.time[0] == START + 5 * HOUR
    assert file.zone == "America/New_York" and not any("UTC" in note for note in file.notes)


def test_a_zone_that_does_not_exist_is_refused(read):
    with pytest.raises(ConfigurationError, match="Europe/Berlin"):
        read(lines(HEADER, plain(lambda row: when(row[0], "%Y-%m-%d %H:%M"))), timezone="Mars/Olympus")


# --- refused ------------------------------------------------------------------------------------------------------


def test_rows_that_contradict_each_other_are_named_by_line_wherever_they_stand(read):
    wrong = f"{START + 50 * HOUR},66000,66001,65999,66000,0.5"
    assert "file.csv, line 302: it contradicts another row of the same time" in refusal(
        read, "\n".join([HEADER, *BODY, wrong])
    )


def test_files_that_contradict_each_other_are_refused_by_name(tmp_path):
    (tmp_path / "a.csv").write_text("\n".join([HEADER, *BODY[:200]]))
    (tmp_path / "b.csv").write_text(
        "\n".join([HEADER, f"{START + 199 * HOUR},66000,66001,65999,66000,0.5", *BODY[200:]])
    )
    with pytest.raises(DataFileError, match=r"b\.csv, line 2: it contradicts"):
        read_candles([tmp_path / "a.csv", tmp_path / "b.csv"])


def test_names_that_are_not_known_are_not_passed_over(read):
    text = lines("moment,eins,zwei,drei,vier,fünf", plain())
    assert "has no column for time, open, high, low, close; its columns are 'moment', 'eins'" in refusal(read, text)


@pytest.mark.parametrize(("step", "said"), [(60, "1 minute"), (4 * HOUR, "4 hours"), (86_400, "1 day")])
def test_two_steps_in_one_file_are_refused_with_the_line(read, step, said):
    more = [f"{START + 300 * HOUR + step * at},66000,66001,65999,66000,0.5" for at in range(40)]
    assert f"the rows are 1 hour apart elsewhere and {said} apart here" in refusal(
        read, "\n".join([HEADER, *BODY, *more])
    )


@pytest.mark.parametrize(("step", "said"), [(2 * HOUR, "2 hours"), (4 * HOUR, "4 hours"), (86_400, "1 day")])
def test_a_step_above_an_hour_is_refused(read, step, said):
    text = lines(HEADER, [[START + step * at, *row[1:]] for at, row in enumerate(ROWS[:50])])
    assert f"has rows {said} apart" in refusal(read, text)


def test_hours_that_open_at_half_past_are_refused_and_never_moved(read):
    text = lines(HEADER, plain(lambda row: int(row[0]) + 1800)) + f"{START + 7800},66000,66000,66000,66000,0.1\n"
    message = refusal(read, text)
    assert "opens at 30 minutes past the hour" in message and "finer ones" in message
