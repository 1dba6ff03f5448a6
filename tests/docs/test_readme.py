"""The README and docs/: commands run, files exist, outputs and numbers are those of today."""

import os
import re
import shlex
import subprocess
import sys

import pytest

from forecaster.artifact.loading import load_artifact
from forecaster.evaluation.record import Evaluation
from forecaster.settings import ROOT, Settings
from tests.support.needs import require
from tests.support.service.processes import started, until_ready

PAGES = {
    page.name: page.read_text()
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md"))
}
README, RESULTS = PAGES["README.md"], PAGES["results.md"]
ALL = "\n".join(PAGES.values())
MOST_BYTES = 9_000
CONSOLE = [block.partition("\n") for block in re.findall(r"^```console\n\$ (.*?)^```", ALL, re.M | re.S)]
PRINTED = "http://127.0.0.1:8000"
PROGRAMS = {"make", "python"}


def run(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, cwd=ROOT, timeout=120, env=os.environ | environment
    )


def shape(text: str) -> str:
    """The text without what changes from hour to hour: numbers, and the day of a time that is on another one."""
    months = "January|February|March|April|May|June|July|August|September|October|November|December"
    numberless = re.sub(r"-?\d[\d.,:]*\d|\d", "N", text)
    return re.sub(rf"\b({months})\b", "MONTH", re.sub(rf" on N ({months})\b", "", numberless)).strip()


@pytest.fixture(scope="module")
def server():
    with started("--source", "demo") as (_, address):
        until_ready(address)
        yield address


@pytest.mark.parametrize(("command", "_", "printed"), CONSOLE, ids=[command[:40] for command, _, _ in CONSOLE])
def test_a_command_prints_what_the_readme_says(command, _, printed, request):
    if command.startswith("curl"):
        require("curl")
        command = command.replace(PRINTED, request.getfixturevalue("server"))
        expected, text = printed.strip(), run(command).stdout.strip()
    else:
        command = command.replace("python app.py", shlex.join([sys.executable, str(ROOT / "app.py")]))
        done = run(command)
        assert done.returncode == 0, done.stderr
        expected, text = shape(printed), shape(done.stdout)
    assert text == expected


def test_there_are_outputs_of_ask_and_of_curl():
    assert any(command.startswith("python app.py ask") for command, _, _ in CONSOLE)
    assert any(command.startswith("curl") for command, _, _ in CONSOLE)


def test_every_make_target_that_the_readme_names_exists():
    for target in set(re.findall(r"(?:`|^)make ([a-z]+)", ALL, re.M)):
        done = run(f"make --dry-run {target} DATA=x OTHER=y PYTHON={sys.executable}")
        assert done.returncode == 0, done.stderr


def test_every_app_command_and_option_that_the_readme_names_exists():
    for line in re.findall(r"python app\.py ([a-z]+[^\n`]*)", ALL):
        command = shlex.split(line, comments=True)[0]
        help_text = run(f"{shlex.quote(sys.executable)} app.py {command} --help").stdout
        for option in re.findall(r"--[a-z]+", line):
            assert option in help_text, f"{command} {option}"


def test_every_path_that_a_page_names_exists():
    pages = "\n".join(text for name, text in PAGES.items() if name != "decisions.md")  # tells of the past
    named = [
        name
        for name in re.findall(r"`([a-z_]+/[\w./-]*)`", pages)
        if not name.startswith(("btc", "application/", "text/"))
    ]
    assert len(named) > 30
    for name in named:
        assert (ROOT / name).exists(), name


def test_every_setting_stands_in_the_page_of_settings_and_in_the_example_file():
    example = (ROOT / ".env.example").read_text()
    for name in Settings.model_fields:
        assert f"`{name.upper()}`" in PAGES["settings.md"], name
        assert name.endswith(("_url", "_socket")) or f"CRYPTOSENSE_{name.upper()}=" in example, name


def test_the_numbers_of_the_classic_model_are_those_of_its_report():
    report = load_artifact(ROOT / "models" / "classic").report
    for row in (report.model, report.persistence):
        assert f"{row.mae:,.2f}" in RESULTS
        assert f"{row.rmse:,.2f}" in RESULTS
        assert f"{row.mape_pct:.3f} %" in RESULTS
    assert f"{report.n:,}" in RESULTS
    assert f"{100 * report.coverage['80']:.1f} %" in RESULTS


def test_the_numbers_of_the_model_that_answers_are_those_of_its_report(shipped):
    lines = RESULTS.splitlines()
    assert len(shipped.report.table) == 6 * 15  # coins, three horizons, candles or closes alone
    for row in shipped.report.table[:12]:  # BTC and ETH
        held = " / ".join(f"{100 * row.coverage[name]:.1f}" for name in ("50", "80", "95"))
        skill = f"{100 * row.mae_skill.value:+.2f} %"
        for cell in (f"{row.n:,}", f"${row.mae:,.2f}", skill, f"{row.crps:.2f}", held):
            assert any(cell in line for line in lines if line.startswith(f"| {row.symbol[:3]}, {row.hours} h")), cell


def test_every_forecaster_in_the_readme_has_the_scores_of_the_evaluation(shipped):
    evaluation = Evaluation.expanded(load_artifact(Settings().model_dir).files["evaluation.json"])
    lines = RESULTS.splitlines()
    begins = {
        "no change": "persistence",
        "drift": "drift",
        "the same hours yesterday": "seasonal_naive",
        "rolling 90-day quantiles": "rolling_quantiles",
        "EWMA": "ewma",
        "GARCH(1,1)-t": "garch_t",
        "HAR": "har",
        "LightGBM": "lightgbm",
        "**ours**": "quantile",
    }
    for begin, name in begins.items():
        scores = evaluation.find(name, "BTC-USD", 1)
        line = next(line for line in lines if line.startswith(f"| {begin}"))
        held = " / ".join(f"{100 * scores.coverage[band]:.1f}" for band in ("50", "80", "95"))
        assert f"${scores.mae:,.2f}" in line and f"{scores.crps:.2f}" in line and held in line


def test_the_alarms_in_the_readme_are_those_of_the_evaluation():
    anomalies = Evaluation.expanded(load_artifact(Settings().model_dir).files["evaluation.json"]).anomalies
    kept = [row for row in anomalies.budgets if (row.days, row.input) == (10.0, "full")]
    assert all(f"{row.per_year:.1f}" in RESULTS for row in kept)
    for row in anomalies.detections:
        if row.input == "full" and row.days > 1:
            start = f"| {row.shape} of {row.sigmas:.0f} sigmas"
            line = next(line for line in RESULTS.splitlines() if line.startswith(start))
            assert f"{100 * row.found:.0f} % | {100 * row.rule_found:.0f} %" in line


def test_the_readme_is_short_and_its_five_rows_are_those_of_the_results():
    assert len(README.encode()) <= MOST_BYTES
    rows = re.findall(r"^\| .*\$.*\|$", README, re.M)
    assert len(rows) == 5 and all(row in RESULTS for row in rows)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_to_a_file(page):
    folder = ROOT if page in ("README.md", "CONTRIBUTING.md") else ROOT / "docs"
    for link in re.findall(r"\]\((?!http|#)([^)#]+)[^)]*\)", PAGES[page]):
        assert (folder / link).exists(), link
