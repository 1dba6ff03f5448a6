import pytest

from forecaster.artifact import load_artifact
from forecaster.artifact.inspect_keras import parameters
from forecaster.settings import ROOT


@pytest.mark.parametrize(("name", "count"), [("quantile", 113_447), ("classic", 29_345)])  # as Keras counts them
def test_the_parameters_of_a_network_are_counted_without_opening_it(name, count):
    assert load_artifact(ROOT / "models" / name).parameters == count


@pytest.mark.parametrize("archive", [b"", b"PK", b"no archive"])
def test_what_is_no_model_has_no_parameters(archive):
    assert parameters(archive) is None
