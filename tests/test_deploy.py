"""What deploy/ holds is what its readers' own tools take, and names settings and probes that exist."""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from forecaster.installation import ROOT
from forecaster.settings import Settings

DEPLOY = ROOT / "deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))


def assert_passes(program: str, *arguments: object) -> None:
    command = [str(Path(sys.executable).with_name(program)), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_hadolint_finds_nothing_in_the_dockerfile():
    assert_passes("hadolint", DEPLOY / "Dockerfile")


def test_the_compose_file_follows_the_compose_specification():
    assert_passes("check-jsonschema", "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml")


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.stem)
def test_kubernetes_takes_the_manifest(manifest):
    assert_passes("kubernetes-validate", "--strict", manifest)


def test_every_setting_that_a_deployment_names_exists():
    named = {
        name
        for file in DEPLOY.rglob("*")
        if file.is_file()
        for name in re.findall(r"CRYPTOSENSE_(\w+)", file.read_text(encoding="utf-8"))
    }
    assert {name.lower() for name in named} <= set(Settings.model_fields) and len(named) > 5


def test_a_container_has_no_rights_that_the_service_does_not_need():
    (pod,) = (each for each in yaml.safe_load_all((DEPLOY / "kubernetes" / "deployment.yaml").read_text()))
    spec = pod["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] and not spec["automountServiceAccountToken"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["cryptosense"]
    assert compose["read_only"] and compose["cap_drop"] == ["ALL"]


def test_a_pod_may_reach_what_its_settings_name_at_the_usual_ports():
    policy = yaml.safe_load((DEPLOY / "kubernetes" / "network.yaml").read_text())["spec"]
    allowed = {port["port"] for rule in policy["egress"] for port in rule["ports"]}
    settings = Settings(database_url="postgresql://database:5432/c", valkey_url="valkey://limits:6379/0",
                        traces="http://collector:4318/v1/traces")  # fmt: skip
    urls = (settings.database_url, settings.valkey_url, settings.traces)
    assert {urlsplit(str(url)).port for url in urls} | {53, 443} == allowed


def test_the_dockerfile_sees_what_the_wheel_needs_and_no_more():
    seen = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert all((ROOT / name).exists() for name in seen)
    assert {
        "api",
        "assistant",
        "cluster",
        "forecaster",
        "models",
        "tools",
        "app.py",
        "composition.py",
        "options.py",
    } <= seen
    assert not {"tests", ".env", ".git"} & seen
