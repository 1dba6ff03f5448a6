"""The chart in a card: what it loads and when, what is read from it, and the picture that stays without it."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.support.browser.chromium import DESKTOP, PHONE, Visit, at_rest, hold, pause
from tests.support.browser.fixtures import LIVED, Open

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.*")  # of what it uses of pandas

QUESTION = "what's BTC next hour?"
LIBRARY = "lightweight-charts-5.2.0.js"
POINTED = re.compile("open|[Mm]edian")  # what is read under a pointer alone


def charted(chat: Visit, question: str = QUESTION, number: int = 1) -> Locator:
    """The chart that a question is answered with, once it is drawn and all of it is loaded."""
    before = chat.page.locator(".chart").count()
    with chat.page.expect_response("**/v1/anomalies*"):
        chat.ask(question, number)
        chart = chat.page.locator(".chart").nth(before)
        chart.scroll_into_view_if_needed()
        expect(chart.locator(".plot-area canvas").first).to_be_visible()
    expect(chart.locator(".reading b")).to_be_visible()
    at_rest(chart)
    return chart


def data(chart: Locator) -> dict[str, Any]:
    """What the card hands to its chart."""
    found: dict[str, Any] = json.loads(chart.locator("> [content]").get_attribute("content") or "")
    return found


def point(chart: Locator, across: float, tap: bool = False) -> str:
    """What is read at a share of the plot's width, once there is something under the pointer, that was elsewhere."""
    plot, reading = chart.locator(".plot-area"), chart.locator(".reading")
    plot.scroll_into_view_if_needed()

    def reads() -> str:
        if not tap:  # which leaves what it read
            chart.page.mouse.move(0, 0)
            expect(reading).not_to_contain_text(POINTED)
        box = plot.bounding_box()
        assert box
        x, y = box["x"] + across * box["width"], box["y"] + 50
        chart.page.touchscreen.tap(x, y) if tap else chart.page.mouse.move(x, y)
        return reading.inner_text()

    found: list[str] = []
    hold(lambda: found.append(reads()) or POINTED.search(found[-1]))  # a chart that is drawn anew reads nothing
    return found[-1]


def dispatch(page: Page, name: str, detail: dict[str, Any]) -> None:
    """Tell the page what its stream would."""
    page.evaluate(
        "([name, detail]) => document.dispatchEvent(new CustomEvent(`cryptosense:${name}`, { detail }))",
        [name, detail],
    )


def test_nothing_of_the_chart_is_loaded_before_a_card_shows_one(served: str, visit: Open):
    chat = visit(served)
    chat.ask("Is the model any good?")
    asked = [url for url in chat.requests if "/chart/" in url or "/v1/" in url]
    assert [url for url in asked if "/v1/stream?" not in url] == []
    charted(chat, number=2)
    assert sum(LIBRARY in url for url in chat.requests) == 1
    charted(chat, "what's ETH next hour?", 3)
    assert sum("/chart/" in url for url in chat.requests) == len({url for url in chat.requests if "/chart/" in url})
    expect(chat.page.locator(".chart.live")).to_have_count(2)  # the first one outlives another question


def test_past_and_future_have_one_time_scale_and_the_visitors_clock(served: str, visit: Open):
    chart = charted(visit(served, timezone_id="America/New_York"))
    read = point(chart, 0.4)
    opened, closed = re.findall(r"(\d\d):(\d\d)", read)
    assert 60 * (int(closed[0]) - int(opened[0])) + int(closed[1]) - int(opened[1]) == 5
    assert read.startswith("Mar 19")
    assert 2 <= int(opened[0]) <= 8  # the market's noon is eight o'clock there
    shares = {}
    for share in (0.10, 0.20, 0.30):
        hours, minutes = re.findall(r"(\d\d):(\d\d)", point(chart, share))[0]
        shares[share] = 60 * int(hours) + int(minutes)
    steps = [shares[0.20] - shares[0.10], shares[0.30] - shares[0.20]]
    [ahead] = re.findall(r"(\d\d):(\d\d)", point(chart, 0.84))
    assert abs(steps[0] - steps[1]) <= 5
    assert abs(60 * int(ahead[0]) + int(ahead[1]) - shares[0.10] - 7.4 * sum(steps) / 2) <= 20


def test_in_the_future_the_bands_are_read_and_past_the_last_horizon_those_of_it(served: str, visit: Open):
    chart = charted(visit(served))
    _, a, b, c, median, d, e, f = data(chart)["horizons"][-1]
    read = point(chart, 0.895)
    said = f"median {median:,.0f} · 50 %: {c:,.0f} – {d:,.0f} · 80 %: {b:,.0f} – {e:,.0f} · 95 %: {a:,.0f} – {f:,.0f}"
    assert said in read
    assert "13:00" in read
    between = [float(price.replace(",", "")) for price in re.findall(r"\d\d,\d{3}", point(chart, 0.84))]
    assert between[-2] > a and between[-1] < f  # the fan is narrower on the way


@pytest.mark.parametrize("share", [0.3, 0.77])
def test_a_tap_leaves_what_it_read(served: str, visit: Open, share: float):
    chart = charted(visit(served, PHONE, has_touch=True))
    read = point(chart, share, tap=True)
    pause(chart.page, 300)
    expect(chart.locator(".reading")).to_have_text(read, use_inner_text=True)


def test_another_step_and_span_are_shown_by_choice(served: str, visit: Open):
    chat = visit(served)
    chart = charted(chat)
    expect(chart.get_by_role("button", pressed=True)).to_have_text(["5 min", "6 hr"])
    for step, span, asked in (("1 hr", "1 wk", "step=1h&hours=168"), ("1 day", "3 mths", "step=1d&hours=2160")):
        chart.get_by_role("button", name=step).first.click()
        with chat.page.expect_response(lambda answer, asked=asked: asked in answer.url):
            chart.get_by_role("button", name=span).click()
        expect(chart.get_by_role("button", pressed=True)).to_have_text([step, span])
    hold(lambda: "(day of UTC)" in point(chart, 0.5))


def test_numbers_and_words_are_the_visitors(served: str, visit: Open):
    chart = charted(visit(f"{served}/?lang=de", timezone_id="Europe/Berlin"))
    assert re.search(r"Median \d\d\.\d{3} · 50 %: ", point(chart, 0.84))


def test_past_ranges_say_what_came_of_them(served: str, visit: Open):
    chat = visit(served)
    chart = charted(chat)
    expect(chart.locator(".reading")).to_contain_text("past ranges")
    chart.get_by_role("button", name="1 hr").first.click()
    expect(chart.get_by_role("button", pressed=True).first).to_have_text("1 hr")
    said: set[str] = set()

    def hears(share: int) -> None:
        said.update(re.findall(r"80 % range said before [\d,]+ – [\d,]+: . (\w+)", point(chart, share / 1000)))

    hold(lambda: [hears(share) for share in range(820, 896, 6)] and said)  # once the hours are drawn
    assert said <= {"held", "missed"}, LIVED


def test_the_table_holds_the_same_for_the_keyboard(served: str, visit: Open):
    chart = charted(visit(served))
    chart.locator("summary").press("Enter")
    tables = chart.get_by_role("table", include_hidden=False)
    expect(tables).to_have_count(2)
    future, past = tables.first, tables.last
    horizons = data(chart)["horizons"]
    expect(future.get_by_role("row")).to_have_count(1 + len(horizons))
    expect(future.get_by_role("row").last).to_contain_text(f"{horizons[-1][4]:,.0f}")
    expect(past.get_by_role("columnheader")).to_have_text(["Time", "open", "high", "low", "close"])
    chart.get_by_role("button", name="1 hr").first.press("Enter")
    expect(chart.get_by_role("button", pressed=True).first).to_be_focused()


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_chart_takes_the_place_of_the_picture_and_moves_nothing(served: str, visit: Open, viewport: dict[str, int]):
    chat = visit(served, viewport)
    held: list[Route] = []
    chat.page.route("**/chart/view.js", lambda route: held.append(route))
    with chat.page.expect_request("**/chart/view.js"):
        chat.ask(QUESTION)
    chart = chat.page.locator(".chart")
    at_rest(chart)
    before = chart.evaluate("chart => [chart.classList.contains('live'), chart.offsetHeight]")
    held[0].continue_()
    expect(chart.locator(".plot-area canvas").first).to_be_visible()
    expect(chart.locator("figure")).to_be_hidden()
    at_rest(chart)
    assert before == [False, chart.evaluate("chart => chart.offsetHeight")]
    assert chart.evaluate("chart => chart.scrollWidth - chart.clientWidth") <= 0


@pytest.mark.parametrize(
    "broken", ["**/chart/live.js", "**/chart/view.js", f"**/chart/{LIBRARY}", "**/chart/chart.css", "**/v1/candles*"]
)
def test_the_picture_stays_where_a_part_of_the_chart_fails(served: str, browser: Browser, broken: str):
    page = browser.new_page(viewport=DESKTOP)
    try:
        page.route(broken, lambda route: route.fulfill(status=404, body="Not Found"))
        chat = Visit(page, served)
        with page.expect_response(broken):
            chat.ask(QUESTION)
        pause(page, 500)
        expect(chat.page.locator(".chart.live")).to_have_count(0)
        expect(chat.cards.locator("figure img")).to_be_visible()
        assert all("404" in each for each in chat.complaints), chat.complaints
    finally:
        page.close()


def test_the_chart_follows_the_stream(served: str, visit: Open):
    chat = visit(served)
    chart = charted(chat)
    asked = data(chart)
    minute = asked["price"][0] // 60 * 60
    told = {"symbol": "BTC-USD", "source": "bitstamp", "quote": "USD"}
    chat.page.mouse.move(0, 0)

    def at(seconds: int) -> str:
        return str(chat.page.evaluate("time => new Date(time * 1000).toISOString()", seconds))

    dispatch(chat.page, "quote", told | {"price": 70_111.5, "time": at(minute + 90)})
    expect(chart.locator(".reading")).to_contain_text("70,111.50")
    dispatch(chat.page, "quote", told | {"symbol": "ETH-USD", "price": 1.0, "time": at(minute + 95)})
    dispatch(chat.page, "quote", told | {"price": 5.0, "time": at(minute - 900)})  # of before
    dispatch(chat.page, "quote", told | {"source": "demo", "price": 6.0, "time": at(minute + 96)})
    expect(chart.locator(".reading")).to_contain_text("70,111.50")
    opened = asked["price"][0] // 300 * 300
    candle = {"open_time": at(opened), "open": 69_950, "high": 70_300, "low": 69_940, "close": 70_222.25, "volume": 1}
    dispatch(chat.page, "candle", told | candle | {"step_minutes": 5})
    expect(chart.locator(".reading")).to_contain_text("70,222.25")
    chart.locator("summary").click()
    expect(chart.get_by_role("table").last.get_by_role("row").nth(1)).to_contain_text("70,222")


def test_a_chart_is_shown_on_request(served: str, visit: Open):
    chat = visit(served)
    chart = charted(chat, "show me a chart of BTC for the last week")
    expect(chat.reply).to_contain_text("Over the last 7 days")
    expect(chat.cards).to_contain_text("BTC-USD from 12:00 UTC on 12 March to 12:00 UTC", use_inner_text=True)
    expect(chart.get_by_role("button", pressed=True)).to_have_text(["1 hr", "1 wk"])
    assert "open" in point(chart, 0.5)


def test_the_price_that_was_asked_about_is_handed_on(served: str, visit: Open):
    chart = charted(visit(served), "will BTC be above 70100 in 6 hours?")
    assert data(chart)["thresholds"] == [70_100]
    expect(chart.get_by_role("button", pressed=True)).to_have_text(["1 hr", "2 days"])


@pytest.mark.parametrize(
    ("options", "low", "high"),
    [({"color_scheme": "light"}, 200, 255), ({"color_scheme": "dark"}, 0, 60), ({"forced_colors": "active"}, 0, 255)],
)
def test_the_chart_wears_light_dark_and_forced_colours(
    served: str, visit: Open, options: dict[str, str], low: int, high: int
):
    chart = charted(visit(served, **options))
    canvas, corner = chart.locator(".plot-area canvas").first, []

    def colours() -> int:
        corner[:], count = canvas.evaluate(PIXELS)
        return int(count)

    hold(lambda: colours() > 5)  # something is drawn on it
    assert low <= sum(corner[:3]) / 3 <= high


PIXELS = """canvas => {
    const { width, height } = canvas, context = canvas.getContext("2d");
    const corner = [...context.getImageData(width - 2, 2, 1, 1).data];
    const all = new Set();
    const { data } = context.getImageData(0, 0, width, height);
    for (let n = 0; n < data.length; n += 4) all.add(`${data[n]},${data[n + 1]},${data[n + 2]}`);
    return [corner, all.size];
}"""


def test_of_many_charts_the_oldest_are_pictures_again(served: str, visit: Open):
    chat = visit(served)
    chart = charted(chat)
    chart.evaluate(
        """chart => {
            for (let n = 0; n < 8; n += 1) {
                const other = document.createElement("div");
                other.className = "chart";
                other.style.display = "none"; // until its turn
                const figure = chart.querySelector("figure").cloneNode(true);
                other.append(chart.querySelector("[content]").cloneNode(), figure);
                chart.parentElement.append(other);
            }
        }"""
    )
    for number in range(9):
        card = chat.page.locator(".chart").nth(number)
        card.evaluate("card => { card.style.display = ''; card.scrollIntoView(); }")
        expect(card).to_contain_class("live")
    expect(chat.page.locator(".chart.live")).to_have_count(6)
    expect(chat.page.locator(".chart:not(.live) figure").first).to_be_visible()


def test_where_the_logo_leads_is_named_on_the_chart(served: str, visit: Open):
    link = charted(visit(served)).locator("a[href*='tradingview.com']")
    expect(link).to_be_visible()
    expect(link).to_have_attribute("target", "_blank")


def test_of_prices_whose_forecasts_are_not_kept_none_are_asked_for(served: str, visit: Open):
    chat = visit(served)
    ask = "async (source) => { await (await import('./chart/data.js')).ranges('BTC-USD', '1h', 1.77e9, source) }"
    for source in ("demo", "file", "bitstamp"):
        chat.page.evaluate(ask, source)
        assert any("/forecasts/ranges?" in url for url in chat.requests) is (source == "bitstamp")
