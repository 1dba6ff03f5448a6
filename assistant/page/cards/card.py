"""The forecast card as HTML: the range first, the same range as a bar, four honest facts, the picture, the sources.

Pure functions from a ForecastAnswer to one line of HTML, every text in it escaped, in the language of its answer and on
the visitor's clock. Times are absolute, so that none goes stale, with UTC on hover. Accessible names are given by
``title``, ``alt`` and hidden text, because the chat's sanitizer strips ``aria-*``.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from html import escape

from assistant.page.cards.chart_data import with_chart
from assistant.page.cards.fan_chart import fan_chart
from assistant.page.cards.figures import BANDS, Figures
from assistant.page.cards.words import CardSpeech
from assistant.replies import NUMBER_FORMS, beside, interval, touch_chance, verdict, whose, whose_record
from assistant.understanding import Language
from forecaster.schema import Forecast, ForecastWarning, Horizon
from tools import ForecastAnswer, decimals_of, minute

NOTED = {ForecastWarning.HOURLY, ForecastWarning.STALE_QUOTE, ForecastWarning.SOURCES_DISAGREE}  # never without a note
NEARLY_KEPT = 0.05  # a band that held within this of its level is called what it was meant to be


def forecast_card(answer: ForecastAnswer, language: Language = Language.ENGLISH, zone: str = "UTC") -> str:
    """The card for the farthest horizon of a forecast, with a picture where there are candles to show.

    `zone` is the visitor's, by its IANA name.
    """
    forecast, speech = answer.forecast, CardSpeech(language, zone)
    horizon = forecast.horizons[-1]
    figures = Figures(speech, forecast, horizon)
    parts = (
        _badge(speech, forecast),
        _heading(speech, forecast, horizon),
        _range(speech, forecast, figures),
        _settled(speech, forecast, horizon),
        _bar(speech, answer, figures),
        _facts(speech, answer, figures),
        with_chart(answer, fan_chart(answer.recent, forecast, speech) if answer.recent else ""),
        _cautions(speech, answer),
        _sources(speech, forecast),
        _told(forecast, horizon),
    )
    # a blank line would end the HTML block in the page's markdown
    return f'<section class="forecast-card">{"".join(parts)}</section>'.replace("\n", " ")


def _badge(speech: CardSpeech, forecast: Forecast) -> str:
    if ForecastWarning.DEMO_DATA not in forecast.warnings:
        return ""
    return f'<p class="simulated">{escape(speech.simulated)}</p>'


def _heading(speech: CardSpeech, forecast: Forecast, horizon: Horizon) -> str:
    """The time that the forecast is for, and the one it starts at."""
    at = _timed(speech, "card.at", horizon.target_time, forecast.as_of)
    begins = _timed(speech, "card.from", forecast.price_time, forecast.as_of)  # the sources tell the day
    return f"<header><span><b>{forecast.symbol}</b> {at}</span>{begins}</header>"


def _timed(speech: CardSpeech, name: str, time: datetime, near: datetime) -> str:
    """A phrase with a time on the visitor's clock; with its day and in UTC on hover."""
    text = speech.say(name, time=speech.near(time, near))
    return f'<span title="{escape(speech.utc(time))}">{escape(text)}</span>'


def _range(speech: CardSpeech, forecast: Forecast, figures: Figures) -> str:
    low, high = figures.band("80")
    held = escape(_kept(speech, forecast.coverage.get("80")))
    return f'<p class="range"><b>{low}</b> <em>{speech.say("card.to")}</em> <b>{high}</b> <small>{held}</small></p>'


def _kept(speech: CardSpeech, held: float | None) -> str:
    """What an 80 % band promises, corrected by the share of unseen hours (0 to 1) that it really held."""
    if held is None or abs(held - 0.8) <= NEARLY_KEPT:
        return speech.say("card.kept")
    return speech.say("card.meant", percent=speech.percent(100 * held, 0))


def _settled(speech: CardSpeech, forecast: Forecast, horizon: Horizon) -> str:
    """Room for what came of it, and what static/settling.js needs to write that."""
    facts: dict[str, object] = {
        "id": forecast.id,
        "symbol": forecast.symbol,
        "source": forecast.source,
        "target": minute(horizon.target_time),
        "range": [horizon.quantiles["0.10"], horizon.quantiles["0.90"]],
        "digits": decimals_of(forecast.symbol, forecast.last_price),
        **speech.writing(forecast.quote),
        "inside": speech.say("settled.inside", price="{price}"),
        "outside": speech.say("settled.outside", price="{price}"),
        "passed": speech.say("settled.passed"),
    }
    return f'<div class="settled">{_data(facts)}</div>'


def _bar(speech: CardSpeech, answer: ForecastAnswer, figures: Figures) -> str:
    """The 95, 80 and 50 % bands over one another, the price they start from, and the one that was asked about."""
    forecast, threshold = answer.forecast, answer.threshold
    quantiles, last = figures.horizon.quantiles, forecast.last_price
    left, right = min(quantiles["0.025"], last), max(quantiles["0.975"], last)
    width = right - left or 1.0

    def share(price: float) -> str:
        return f"{(price - left) / width:.1%}"

    drawn = "".join(
        f'<i class="b{band}" style="left:{share(quantiles[low])};'
        f'width:{(quantiles[high] - quantiles[low]) / width:.1%}"></i>'
        for band, (low, high) in BANDS.items()
    )
    name = "card.close" if forecast.price_time == forecast.as_of else "card.price"
    starts = speech.say(name, price=figures.last)
    spoken = [*map(figures.spoken, BANDS), starts]
    if threshold is not None:
        spoken.append(speech.say("card.asked", price=figures.asked(threshold)))
    at = share(last)
    asked = "" if threshold is None or not left <= threshold <= right else f'<s style="left:{share(threshold)}"></s>'
    low, high = figures.band("95")
    live = {  # what static/live.js shows the price now with
        "left": left,
        "right": right,
        "quote": forecast.quote,
        "digits": decimals_of(forecast.symbol, last),
        "form": asdict(NUMBER_FORMS[speech.language]),
    }
    widest = speech.say("card.widest", percent=speech.percent(95, 0), low=low, high=high)
    now = speech.say("card.now", price=f'<b content="{escape(json.dumps(live, ensure_ascii=False))}"></b>')
    return (
        f'<div class="mark"><span style="left:{at};transform:translateX(-{at})">{starts}</span>'
        f'<span class="now">{now}</span></div>'
        f'<div class="bar" role="img" title="{"; ".join(spoken)}">{drawn}<u style="left:{at}"></u>'
        f'<u class="now"></u>{asked}</div>'
        f'<div class="scale"><span>{widest}</span>'
        f"<span>{speech.say('card.middle', price=figures.middle)}</span></div>"
    )


def _facts(speech: CardSpeech, answer: ForecastAnswer, figures: Figures) -> str:
    forecast, horizon = answer.forecast, figures.horizon
    held = forecast.coverage.get("80")
    facts = (
        *_asked(speech, answer, figures),
        (speech.say("card.up"), speech.chance(horizon.probability_up)),
        (speech.say("card.move"), f"±{speech.percent(horizon.expected_move_pct, 2)}"),
        (speech.say("card.beside"), _skill(speech, forecast)),
        (speech.say("card.held"), speech.say("card.unknown") if held is None else speech.percent(100 * held, 0)),
    )
    rows = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts)
    return f"<dl>{rows}</dl>"


def _skill(speech: CardSpeech, forecast: Forecast) -> str:
    """The verdict that answers give, with the interval that it rests on."""
    skill = forecast.skill
    low, high = interval(speech, skill)
    between = speech.say("card.interval", low=low, high=high)
    if skill.ci_low <= 0 <= skill.ci_high:
        value = speech.percent(100 * skill.value, sign=True)
        between = speech.say("card.around", value=value, low=low, high=high)
    graded = speech.say("card.graded", interval=between, n=speech.number(skill.n))
    return f"{escape(verdict(speech, skill))} <small>{escape(graded)}</small>"


def _asked(speech: CardSpeech, answer: ForecastAnswer, figures: Figures) -> Iterator[tuple[str, str]]:
    """The chances of the price that was asked about: both sides of it, for answers tell of either."""
    odds, above = answer.odds, figures.horizon.probability_above
    if answer.threshold is None:
        return
    chances = {"above": above, "below": None if above is None else 1 - above}
    if odds is not None:
        chances = {"above": odds.above, "below": odds.below, "touch": odds.touch}
    price = figures.asked(answer.threshold)
    for name, chance in chances.items():
        if chance is not None:
            told = touch_chance(speech, odds) if odds is not None and name == "touch" else speech.chance(chance)
            yield speech.say(f"card.{name}", price=price), told


def _cautions(speech: CardSpeech, answer: ForecastAnswer) -> str:
    """Why to trust this less than usual, in words: the model's record, the warnings, what the source noted."""
    forecast, lines = answer.forecast, []
    if forecast.skill.ci_high < 0:  # as answers judge it
        hours = speech.say("record.hours", n=speech.number(forecast.skill.n))
        lines.append(speech.joined([beside(speech, forecast.skill, {}, hours), speech.say("card.demonstration")]))
    notes = forecast.notes if speech.language is Language.ENGLISH else ()  # which sources write in English
    told = {ForecastWarning.DEMO_DATA, ForecastWarning.UNEVALUATED_SYMBOL} | (NOTED if notes else set())
    lines += whose_record(speech, [answer])
    lines += [speech.say(f"warnings.{warning}") for warning in forecast.warnings if warning not in told]
    simulated = speech.simulated.casefold()
    lines += [_sentence(note) for note in notes if not whose(note) and note.strip(" .").casefold() != simulated]
    if not lines:
        return ""
    return f'<ul class="cautions">{"".join(f"<li>{escape(line)}</li>" for line in lines)}</ul>'


def _sources(speech: CardSpeech, forecast: Forecast) -> str:
    age = speech.span(max(1, round(forecast.age_seconds / 60)))
    candles = speech.say("card.candles", time=speech.time(forecast.as_of), age=age)
    chips = (
        f"<span>{escape(speech.source(forecast.source))}, {escape(forecast.quote)}</span>",
        f'<span title="{escape(speech.utc(forecast.as_of))}">{escape(candles)}</span>',
        f"<span>{escape(forecast.model.name)} {escape(forecast.model.version)}</span>",
    )
    return f"<footer>{''.join(chips)}</footer>"


def _told(forecast: Forecast, horizon: Horizon) -> str:
    """The same for programs: what a page in a frame tells the site around it (static/embed.js)."""
    facts: dict[str, object] = {
        "id": forecast.id,
        "symbol": forecast.symbol,
        "hours": horizon.hours,
        "minutes": horizon.minutes,
        "target_time": minute(horizon.target_time),
        "as_of": minute(forecast.as_of),
        "price": _rounded(forecast.last_price, forecast),
        "price_time": minute(forecast.price_time),
        "median": _rounded(horizon.median, forecast),
        "range_80": [_rounded(horizon.quantiles[level], forecast) for level in ("0.10", "0.90")],
        "probability_up": round(horizon.probability_up, 3),
        "source": forecast.source,
        "warnings": [str(warning) for warning in forecast.warnings],
    }
    return _data(facts)


def _data(facts: dict[str, object]) -> str:
    """JSON for a script. Of all that may hold data, the page's sanitizer leaves this attribute alone."""
    # with letters as they are: an escaped one looks like an address to who takes a stored card back
    return f'<span content="{escape(json.dumps(facts, ensure_ascii=False))}"></span>'


def _rounded(price: float, forecast: Forecast) -> float:
    return round(price, decimals_of(forecast.symbol, price))


def _sentence(note: str) -> str:
    note = note.strip(" .")
    return f"{note[:1].upper()}{note[1:]}."
