"""Alerts in a chat: what the page is to watch, what is said of it, and that nothing is promised where no page is."""

import re

import pytest

from assistant.agent import AlertSet, Token, build_agent, run_turn
from assistant.offline_model import OfflineModel
from assistant.understanding import Language
from tests.support.fakes import LAST_CLOSE, NOON, FakeBackend
from tests.support.knowledge import KNOWLEDGE
from tools.registry import bind_tools

MODEL = OfflineModel()
RANGE = {
    Language.ENGLISH: "tell me when BTC leaves its range",
    Language.GERMAN: "sag mir Bescheid, wenn BTC seinen Bereich verlässt",
    Language.SPANISH: "avísame cuando BTC salga de su rango",
    Language.FRENCH: "préviens-moi quand le BTC sort de sa fourchette",
    Language.PORTUGUESE: "avise-me quando o BTC sair da sua faixa",
    Language.CHINESE: "比特币离开区间时提醒我",
}


class NoModel(OfflineModel):
    """A language model that must not be asked."""

    def bind_tools(self, *args, **more):
        return self

    async def _astream(self, *args, **more):
        raise AssertionError("It was asked.")
        yield


async def turn(text, *, watches=True, agent=None):
    agent = agent or build_agent(MODEL, bind_tools(FakeBackend(longest=24), KNOWLEDGE))
    events = [each async for each in run_turn(agent, [{"role": "user", "content": text}], watches=watches)]
    said = "".join(each.text for each in events if isinstance(each, Token))
    return said, [each for each in events if isinstance(each, AlertSet)]


@pytest.mark.parametrize("language", Language)
async def test_the_range_of_the_next_hour_is_watched_and_said_in_six_languages(language, caplog):
    said, (alert,) = await turn(RANGE[language])
    watch = alert.watch
    assert alert.language is language and watch.symbol == "BTC-USD" and watch.level == 80
    assert watch.low < LAST_CLOSE < watch.high and (watch.until.timestamp() - NOON) == 3600
    digits = re.sub(r"[^\d/v]", "", said)
    assert f"{watch.low:.2f}".replace(".", "") in digits and "13:00" in said and "/v1/alerts" in said
    assert not caplog.records  # no sentence was left out


@pytest.mark.parametrize("language", Language)
async def test_without_a_page_nothing_is_watched_and_the_interface_is_named(language, caplog):
    said, alerts = await turn(RANGE[language], watches=False)
    assert alerts == [] and "/v1/alerts" in said and "80" in said
    assert not caplog.records


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("let me know if BTC goes above 75000", None, 75_000.0),
        ("alert me when btc drops below 60k", 60_000.0, None),
        ("notify me when btc hits 60k", 60_000.0, None),
        ("notify me when btc hits 80k", None, 80_000.0),
        ("let me know when btc leaves 60k-90k", 60_000.0, 90_000.0),
        ("ping me if something odd happens with btc", None, None),
    ],
)
async def test_prices_that_are_named_are_watched_until_they_come(text, low, high, caplog):
    said, (alert,) = await turn(text)
    assert (alert.watch.low, alert.watch.high, alert.watch.until) == (low, high, None)
    assert all(f"${price:,.0f}" in said for price in (low, high) if price is not None)
    assert f"${LAST_CLOSE:,.2f}" in said and not caplog.records


async def test_a_move_in_percent_is_watched_as_the_price_that_it_leads_to():
    _, (alert,) = await turn("tell me if btc drops 5%")
    assert alert.watch.low == pytest.approx(0.95 * LAST_CLOSE) and alert.watch.high is None


async def test_a_named_time_ends_the_watch():
    said, (alert,) = await turn("notify me when btc hits 60k in the next 4 hours")
    assert alert.watch.until.timestamp() - NOON == 4 * 3600 and "16:00 UTC" in said


async def test_what_is_the_case_already_and_a_coin_that_is_not_followed_are_not_watched():
    said, alerts = await turn("tell me when btc is below 900k")
    assert alerts == [] and said.startswith("That is the case already")
    offered = build_agent(MODEL, bind_tools(FakeBackend(), KNOWLEDGE), offered=("ETH-USD",))
    said, alerts = await turn("tell me when btc is above 900k", agent=offered)
    assert alerts == [] and said.startswith("I can watch only the coins that I follow: Ethereum.")


async def test_no_language_model_is_asked_to_set_an_alert():
    tools = bind_tools(FakeBackend(), KNOWLEDGE)
    model = NoModel()
    agent = build_agent(MODEL, tools)
    other = build_agent(model, tools)
    mixed = type(agent)(other.graph, agent.embedded, agent.read, agent.silence, None, agent.warm)
    said, alerts = await turn("tell me when BTC leaves its range", agent=mixed)
    assert len(alerts) == 1 and said.startswith("While this page is open")
