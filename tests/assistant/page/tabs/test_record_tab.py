"""The tab with the live record: what was said, what happened, misses included."""

from xml.etree import ElementTree

from assistant.page.tabs.record_tab import NEWEST, track_record_tab, without_record
from forecaster.ledger.track_record import Kept, Outcome, inside, pit
from forecaster.market.candles import utc
from forecaster.schema import HOUR
from tests.support.fakes import NOON, FakeBackend
from tests.support.ledger.issued import issued
from tools.track_record import TrackRecordAnswer, TrackRecordArguments, track_record


def kept(hour: int, actual: float | None) -> Kept:
    """A forecast issued so many hours after noon, and the close an hour later where it came already."""
    forecast = issued(hour)
    horizon = forecast.horizons[0]
    outcome = () if actual is None else (
        Outcome(
            hours=1, target_time=horizon.target_time, actual=actual,
            error_pct=100 * (horizon.median - actual) / actual, inside=inside(horizon, actual),
            pit=pit(horizon, actual),
        ),
    )  # fmt: skip
    return Kept(forecast=forecast, issued_at=utc(NOON + hour * HOUR + 30), outcomes=outcome)


async def answer(*forecasts: Kept) -> TrackRecordAnswer:
    backend = FakeBackend()
    backend.kept = forecasts
    told = await track_record(backend, TrackRecordArguments(symbol="BTC-USD"))
    assert isinstance(told.data, TrackRecordAnswer)
    return told.data


def parsed(html: str) -> ElementTree.Element:
    assert "\n" not in html
    return ElementTree.fromstring(html)


def words(element: ElementTree.Element) -> str:
    return " ".join(" ".join(element.itertext()).replace("\u00a0", " ").split())


async def test_without_an_outcome_it_says_so_and_how_many_wait():
    said = words(parsed(track_record_tab(await answer(kept(0, None)))))
    assert said.startswith("No live forecast has an outcome yet 1 is waiting for the hour to close.")
    assert "one is issued" in words(parsed(track_record_tab(await answer())))


async def test_a_miss_is_told_with_what_it_missed_by_and_drawn_in_red():
    horizon = issued(0).horizons[0]
    high, middle = horizon.quantiles["0.90"], horizon.median
    tab = parsed(track_record_tab(await answer(kept(2, None), kept(1, high + 100), kept(0, middle))))
    rows = [[words(cell) for cell in row] for row in tab.iter("tr")][1:]
    assert [row[0] for row in rows] == ["19 Mar 14:00", "19 Mar 13:00"]
    assert [row[3] for row in rows] == ["\u2717 +100", "\u2713 yes"]
    assert rows[0][1] == f"{horizon.quantiles['0.10']:,.0f} \u2013 {high:,.0f}"
    dots = [each.get("class") for each in tab.iter("path") if "dot" in (each.get("class") or "")]
    assert dots == ["dot held", "dot missed"]
    said = words(tab)
    assert "80 % ranges held 50 %" in said
    assert "Of 2, 1 fell outside" in said
    assert "1 newer forecast waits" in said


async def test_only_the_newest_are_shown_and_few_outcomes_are_called_few():
    middle = issued(0).horizons[0].median
    tab = parsed(track_record_tab(await answer(*(kept(hour, middle) for hour in range(60, 0, -1)))))
    assert len(list(tab.iter("tr"))) == 1 + NEWEST
    said = words(tab)
    assert "too few to say much" in said
    assert "luck decides" in said
    assert "none fell outside" in said


async def test_one_outcome_is_enough_for_a_picture():
    tab = parsed(track_record_tab(await answer(kept(0, issued(0).horizons[0].median))))
    (picture,) = [each for each in tab.iter("div") if each.get("role") == "img"]
    assert "1 ranges" in (picture.get("aria-label") or "")


def test_no_record_is_a_sentence():
    assert words(parsed(without_record("a < b"))) == "a < b"


async def test_prices_of_cents_keep_the_decimals_of_the_coin():
    forecast = issued(0)
    horizon = forecast.horizons[0]
    share = 0.15 / horizon.median
    small = {level: price * share for level, price in horizon.quantiles.items()}
    near = horizon.model_copy(update={"quantiles": small, "median": 0.15})
    doge = forecast.model_copy(update={"symbol": "DOGE-USD", "last_close": 0.15, "horizons": (near,)})
    outcome = kept(0, 0.1512).outcomes[0]
    settled = Kept(forecast=doge, issued_at=utc(NOON + 30), outcomes=(outcome,))
    told = (await answer(kept(0, 70_000.0))).model_copy(update={"symbol": "DOGE-USD", "forecasts": (settled,)})
    tab = parsed(track_record_tab(told))
    row = [words(cell) for cell in list(tab.iter("tr"))[1]]
    assert row[1:3] == [f"{small['0.10']:.5f} \u2013 {small['0.90']:.5f}", "0.15120"]
