"""A test whose program or port is missing says so: it skips, and where CI is set it fails."""

import socket

import pytest

from forecaster.installation import ROOT
from tests.support import needs


@pytest.fixture
def taken():
    """The number of a port on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_what_is_missing_is_named_and_the_test_skips(taken, monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=f"port {taken} of 127.0.0.1 is not there: free it"):
        needs.require_port(taken)


@pytest.mark.parametrize("ci", ["true", "True", "1"])
def test_where_ci_is_set_it_fails_instead(taken, monkeypatch, ci):
    monkeypatch.setenv("CI", ci)
    with pytest.raises(pytest.fail.Exception, match=f"port {taken} of 127.0.0.1"):
        needs.require_port(taken)


@pytest.mark.parametrize("name", [*needs.PACKAGES, "postgresql"])
def test_a_program_is_found_or_the_package_that_brings_it_is_named(name, monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    try:
        assert needs.require(name).exists()
    except pytest.skip.Exception as skipped:
        assert f"{name} is not there: apt-get install {needs.PACKAGES.get(name, name)}" in str(skipped)


def test_a_program_that_is_not_on_the_path_is_missing(monkeypatch, tmp_path):
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pytest.skip.Exception, match="chromium is not there: apt-get install chromium"):
        needs.require("chromium")


def test_a_port_that_is_free_is_given():
    assert needs.require_port(0) == 0


@pytest.mark.parametrize("package", sorted({*needs.PACKAGES.values(), "postgresql"}))
def test_ci_installs_every_package_that_tests_need_and_the_readme_names_it(package):
    assert f"packages+=({package})" in (ROOT / ".ci" / "run").read_text()
    assert package in (ROOT / "README.md").read_text()
