"""The pictures for the README: of the right size, small, the same each time, and only of what was measured."""

import io

import numpy as np
import pytest
from PIL import Image

from forecaster.report.canvas import SHARPNESS, TEXT
from forecaster.report.png import PHONE, pictures, predicted_against_actual
from tests.support.artifacts import made_up_record

NAMES = {"skill_by_year.png", "fan_week.png", "reliability.png"}
LARGEST = 90_000  # bytes
LEAST_TEXT = 10  # pixels, where the picture is as wide as a phone
PHONE_SCREEN = 390  # CSS pixels


@pytest.fixture(scope="module")
def material():
    return made_up_record.material()


@pytest.fixture(scope="module")
def drawn(material):
    return pictures(made_up_record.evaluation(), material)


def opened(png: bytes) -> Image.Image:
    with Image.open(io.BytesIO(png)) as image:
        return image.convert("RGB")


def test_there_are_three_of_them_and_each_is_small(drawn):
    assert set(drawn) == NAMES
    assert max(map(len, drawn.values())) < LARGEST


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_picture_is_sharp_at_twice_the_width_of_a_readme(drawn, name):
    assert opened(drawn[name]).width == PHONE * SHARPNESS == 1600


def test_text_stays_readable_on_a_phone():
    assert TEXT * PHONE_SCREEN / PHONE >= LEAST_TEXT


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_picture_lies_on_white_and_nothing_in_it_is_cut_off(drawn, name):
    pixels = np.asarray(opened(drawn[name]))
    edges = [pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]
    assert all((edge == 255).all() for edge in edges)
    assert (pixels != 255).any()


def test_the_same_record_gives_the_same_bytes(drawn, material):
    assert pictures(made_up_record.evaluation(), material) == drawn


def test_what_was_not_measured_is_not_drawn(material):
    bare = made_up_record.evaluation(symbols=("BTC-USD",), years=False, reliability=False)
    assert set(pictures(bare, material)) == {"fan_week.png"}


def test_one_symbol_is_drawn_alone(drawn, material):
    alone = pictures(made_up_record.evaluation(symbols=("BTC-USD",)), material)
    assert set(alone) == NAMES
    assert alone["skill_by_year.png"] != drawn["skill_by_year.png"]


def test_predicted_against_actual_shows_both_lines():
    series = made_up_record.material().series
    picture = opened(predicted_against_actual(series.time, series.actual, series.predicted, made_up_record.report()))
    red, blue = (np.asarray(picture)[:, :, channel].astype(int) for channel in (0, 2))
    assert picture.size == (1100, 462)
    assert (red - blue).max() > 100 and (blue - red).max() > 100  # orange and cyan
