"""docs/monitoring: promtool loads and tests the rules, and every metric that is named is one of a running service."""

import json
import re
import subprocess

import httpx
import pytest

from forecaster.settings import ROOT
from tests.support.browser.whole_service import whole_service
from tests.support.needs import require

FOLDER = ROOT / "docs" / "monitoring"
RULES = "cryptosense.rules.yml"
EXPRESSIONS = re.compile(r"^\s+(?:- )?expr: (?:>\n((?:\s{10,}.*\n)+)|(.*)\n)", re.M)
WORD = re.compile(r"\b[a-z_]+(?::[a-z0-9_:]+)?\b")
STRINGS = re.compile(r"\"[^\"]*\"|\{[^}]*\}|\[[^\]]*\]|\bby \([^)]*\)")
OF_PROMETHEUS = {"up"}  # what it says of each scrape itself
FUNCTIONS = {"sum", "rate", "min", "max", "and", "by", "increase", "histogram_quantile", "topk", "label_values"}


def metrics_in(expression):
    """The metrics that an expression of PromQL names."""
    return {word for word in WORD.findall(STRINGS.sub(" ", expression))} - FUNCTIONS - OF_PROMETHEUS


def expressions_of_rules():
    text = (FOLDER / RULES).read_text()
    return [block or line for block, line in EXPRESSIONS.findall(text)]


def board():
    return json.loads((FOLDER / "grafana-dashboard.json").read_text())


@pytest.fixture(scope="module")
def shown(tmp_path_factory, shipped):
    """The names of the samples that a service shows once it was asked for a forecast, and of its quiet families."""
    with whole_service(tmp_path_factory.mktemp("ledger"), shipped) as address:
        httpx.post(f"{address}/v1/forecast", json={"symbol": "BTC-USD"}, timeout=60).raise_for_status()
        text = httpx.get(f"{address}/metrics", timeout=60).text
    families = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
    endings = {"counter": [""], "gauge": [""], "histogram": ["_bucket", "_count", "_sum"]}
    return {name + ending for name, kind in families.items() for ending in endings[kind]}


@pytest.mark.parametrize("command", [["check", "rules", RULES], ["test", "rules", "cryptosense.rules.test.yml"]])
def test_promtool_takes_the_rules_and_they_fire_when_they_should(command):
    done = subprocess.run([require("promtool"), *command], cwd=FOLDER, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_of_an_alert_has_a_test_or_is_a_plain_threshold():
    named = set(re.findall(r"- alert: (\w+)", (FOLDER / RULES).read_text()))
    tested = set(re.findall(r"alertname: (\w+)", (FOLDER / "cryptosense.rules.test.yml").read_text()))
    assert tested <= named and named - tested == {"CryptoSenseSlow", "CryptoSenseOverloaded"}


def test_every_metric_of_the_rules_is_one_of_a_running_service(shown):
    recorded = set(re.findall(r"record: (\S+)", (FOLDER / RULES).read_text()))
    found = expressions_of_rules()
    assert len(found) == 12
    named = set().union(*map(metrics_in, found))
    assert "cryptosense_refused_total" in named
    assert named <= shown | recorded, named - shown - recorded


def test_every_metric_of_the_dashboard_is_one_of_a_running_service_and_its_expressions_are_promql(shown, tmp_path):
    expressions = [target["expr"] for panel in board()["panels"] for target in panel["targets"]]
    named = set().union(*map(metrics_in, expressions))
    assert len(named) > 12
    assert named <= shown, named - shown
    rules = [
        {"record": f"a:{number}", "expr": each.replace("$job", "cryptosense")}
        for number, each in enumerate(expressions)
    ]
    file = tmp_path / "dashboard.yml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))  # YAML reads JSON
    command = [require("promtool"), "check", "rules", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboards_panels_do_not_overlap_and_have_names_of_their_own():
    panels = board()["panels"]
    assert len({panel["id"] for panel in panels}) == len({panel["title"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells)) and max(x for x, _ in cells) < 24
