# SPDX-License-Identifier: BSD-3-Clause
"""What can be held against the files of deploy/ without a container engine."""

import json
import re
import subprocess

import pytest

# Section 1 of the wire contract: what existing clients find where.
PORTS = {"kafka": "9092", "registry": "8081", "rest-proxy": "8082", "connect": "8083", "kafka-ui": "8080"}


@pytest.fixture(scope="module")
def services(root):
    """{name: its lines} of the compose file."""
    text = (root / "deploy/compose.yaml").read_text().split("\nservices:\n")[1].split("\nvolumes:")[0]
    names = re.split(r"^  ([a-z0-9-]+):\n", text, flags=re.MULTILINE)
    return dict(zip(names[1::2], names[2::2]))


@pytest.fixture(scope="module")
def variables(root):
    return set(re.findall(r"^([A-Z0-9_]+)=", (root / "deploy/.env.example").read_text(), re.MULTILINE))


@pytest.mark.parametrize(
    ("service", "file", "variable"), [("recorder", "site.yaml", "ASTRO_KAFKA"), ("points", "points.yaml", "ASTRO_MQTT")]
)
def test_the_recorders_site_files_are_right(astro, root, services, service, file, variable):
    ran = astro.run("check", root / "deploy" / file, expect=2)
    assert variable in ran.stdout + ran.stderr, "a variable that is missing is told"
    needed = set(re.findall(r"\$\{(\w+)\}", (root / "deploy" / file).read_text()))
    astro.environment.update({name: "http://there" if "S3" in name or "REGISTRY" in name else "there" for name in needed})
    astro.run("check", root / "deploy" / file)
    given = re.findall(r"^      ([A-Z0-9_]+):", services[service], re.MULTILINE)
    assert needed == set(given), "its environment has them, and nothing that nobody reads"


def test_each_variable_of_the_compose_file_is_in_the_example(root, services, variables):
    used = set(re.findall(r"\$\{(\w+)\}", (root / "deploy/compose.yaml").read_text()))
    assert used == variables


def test_each_image_has_a_version_and_each_server_a_health_check(services):
    assert len(services) > 12
    for name, lines in services.items():
        image = re.search(r"^    image: (\S+)$", lines, re.MULTILINE)[1]
        assert re.search(r":[^:]*\d[^:]*$", image) or image.endswith(":${ASTRO_VERSION}"), name
        runs_on = "*restart" in lines and "profiles:" not in lines
        assert ("healthcheck:" in lines) == runs_on, name


def test_the_ports_are_those_of_the_contract(services):
    for name, port in PORTS.items():
        assert f'"${{ASTRO_BIND}}:{port}:{port}"' in services[name]
    assert "INSIDE://kafka:29092" in services["kafka"]


def test_topics_are_made_as_the_contract_has_them(root):
    made = dict(re.findall(r"^make (\S+) (\d+ \w+)$", (root / "deploy/kafka-topics").read_text(), re.MULTILINE))
    week = 7 * 86400 * 1000
    assert made["telescope.commands"] == made["telescope.acknowledgments"] == f"{week} snappy"
    assert made["telescope.data"] == f"{30 * 86400 * 1000} lz4"
    assert made["telescope.status"] == f"{3 * 86400 * 1000} snappy"
    assert "telescope.data.dlq" in made


def test_the_scaler_reads_the_group_that_the_recorder_is_in(root):
    manifest = (root / "deploy/kubernetes/recorder.yaml").read_text()
    pattern = re.search(r"pattern: ([^,]+), holds: data", (root / "deploy/site.yaml").read_text())[1]
    assert f'consumerGroup: "recorder:{pattern}"' in manifest


def test_dashboards_are_provisioned_from_a_source_that_is_there(root):
    source = re.search(r"uid: (\w+)", (root / "deploy/grafana/provisioning/datasources/prometheus.yml").read_text())[1]
    for file in (root / "deploy/grafana/dashboards").glob("*.json"):
        for panel in json.loads(file.read_text())["panels"]:
            assert panel["datasource"]["uid"] == source and panel["targets"]


def test_alerts_come_when_they_shall(root):
    folder = root / "deploy/prometheus"
    ran = subprocess.run(["promtool", "test", "rules", folder / "alerts_test.yml"], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    ran = subprocess.run(["promtool", "check", "config", folder / "prometheus.yml"], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
