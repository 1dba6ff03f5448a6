"""Settings: what the environment may say, and what it gets when that cannot work."""

import pytest

from forecaster.errors import ConfigurationError
from forecaster.settings import EXCHANGE_NAMES, Settings


def test_without_any_environment_everything_has_a_working_default():
    settings = Settings.load()
    assert settings.source == "auto"
    assert settings.exchanges == EXCHANGE_NAMES
    assert settings.database_url.startswith("sqlite:///")
    assert (settings.model_dir / "manifest.json").is_file()


def test_exchanges_are_a_comma_separated_order(monkeypatch):
    monkeypatch.setenv("CRYPTOSENSE_EXCHANGES", "kraken, bitstamp,kraken")
    assert Settings.load().exchanges == ("kraken", "bitstamp")


def test_a_base_url_can_be_overridden_and_loses_its_trailing_slash(monkeypatch):
    monkeypatch.setenv("CRYPTOSENSE_KRAKEN_URL", "http://127.0.0.1:9/")
    assert Settings.load().exchange_url("kraken") == "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("name", "value"),
    [("EXCHANGES", "mtgox"), ("EXCHANGES", ","), ("ENGINE", "abacus"), ("PORT", "99999"), ("PORT", "http")],
)
def test_a_setting_that_cannot_work_is_named(monkeypatch, name, value):
    monkeypatch.setenv(f"CRYPTOSENSE_{name}", value)
    with pytest.raises(ConfigurationError, match=rf"CRYPTOSENSE_{name}: .* Correct it in the environment"):
        Settings.load()


def test_settings_do_not_change_once_made():
    with pytest.raises(ValueError, match="frozen"):
        Settings.load().port = 1
