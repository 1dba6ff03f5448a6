"""The second opinion on the next hour: learned from trees, and heard where enough is known."""

import numpy as np
import pytest

from forecaster.features import OTHER_KNOWN, Examples
from forecaster.features.dataset import markets_of
from forecaster.quantiles import crps
from tests.support.artifacts.markets import BTC, ETH, TEST
from tests.support.artifacts.quantile import FINE

MARKETS = markets_of(BTC, ETH, FINE)
EXAMPLES = Examples.before(TEST.timestamp(), MARKETS, 3.0, 10.0)
ROWS = np.arange(400, 700)


@pytest.fixture(scope="module")
def networks():
    """The same network alone, with a second opinion that knows nothing yet, and with one that has learned."""
    from forecaster.networks.first_hour import advised
    from forecaster.networks.quantile import quantile_network
    from forecaster.training.distillation import with_second_opinion

    alone = quantile_network()
    told: list[float] = []
    learned = with_second_opinion(alone, EXAMPLES, 3, 0.25, 0, told.append)
    return alone, advised(alone).network, learned, told


def asked(network, kind="full", **hidden):
    inputs = {**MARKETS[0].hours.inputs(ROWS, kind)}
    inputs["known"] = inputs["known"].copy()
    for column in hidden.values():
        inputs["known"][:, column] = 0
    return np.asarray(network.predict_on_batch(inputs))  # (300, 24, 21)


def test_it_speaks_of_the_next_hour_alone(networks):
    alone, _, learned, _ = networks
    own, both = asked(alone), asked(learned)
    assert both[:, 1:] == pytest.approx(own[:, 1:], abs=1e-9)
    assert np.abs(both[:, 0] - own[:, 0]).max() > 1e-5
    assert (np.diff(both, axis=2) > 0).all()


def test_it_is_silent_where_candles_or_the_other_coin_are_not_known(networks):
    alone, _, learned, _ = networks
    assert asked(learned, "closes_only") == pytest.approx(asked(alone, "closes_only"), abs=1e-9)
    assert asked(learned, other=OTHER_KNOWN) == pytest.approx(asked(alone, other=OTHER_KNOWN), abs=1e-9)


def test_what_it_learned_lowers_the_error_on_what_it_learned_from(networks):
    _, before, after, told = networks
    outcome = MARKETS[0].target[ROWS, 0]
    assert crps(asked(after)[:, 0], outcome).mean() < crps(asked(before)[:, 0], outcome).mean()
    assert told == sorted(told) and told[-1] == 1.0
