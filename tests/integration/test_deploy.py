"""What deploy/ says, held against the program that it starts: settings, commands, ports, paths."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import kubernetes_validate
import pytest
import yaml
from dagster._config import process_config
from dagster_aws.ecs import EcsRunLauncher

from heaters_pipeline.cli import main
from heaters_pipeline.orchestration.definitions import defs
from heaters_pipeline.platform.dagster_config import POOL_LIMITS
from heaters_pipeline.settings import Settings
from tests.conftest import CHECKOUT
from tests.helm import rendered

DEPLOY = CHECKOUT / "deploy"
COMPOSE = DEPLOY / "compose"
CHART = DEPLOY / "kubernetes" / "heaters"
VALUES = yaml.safe_load((DEPLOY / "kubernetes" / "dagster-values.yaml").read_text())

OURS = {
    field.validation_alias or f"HEATERS_{name.upper()}"
    for name, field in Settings.model_fields.items()
}
OF_OTHERS = {
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"),
    # `heaters up` sets them for Dagster, and ECS passes them on to runs.
    *("DAGSTER_HOME", "DAGSTER_PG_URL", "HEATERS_DAGSTER_FILES", "HEATERS_CODE_SOCKET"),
    "DAGSTER_PG_PASSWORD",  # of Dagster's chart
    "DAGSTER_CURRENT_IMAGE",  # by which ECS knows the image of runs
}
PROGRAMS = {"review", "search", "code", "daemon", "webserver", "worker"}
PORTS = {"review": 8765, "webserver": 3000, "code": 4000}
HEALTH = {8765: "/healthz", 3000: "/server_info"}


def tool(name: str) -> str:
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: what it says of deploy/ is not tried")
    return found


def composed(*files: str) -> dict[str, Any]:
    """What Docker Compose makes of the files."""
    environment = {
        **os.environ,
        **dict.fromkeys(("POSTGRES_PASSWORD", "STORAGE_PASSWORD", "BROKER_PASSWORD"), "word"),
    }
    command = [tool("docker-compose"), *(f"--file={COMPOSE / file}" for file in files)]
    done = subprocess.run(
        [*command, "config", "--format", "json"], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def containers_of(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All containers of a Kubernetes document."""
    spec = document.get("spec", {})
    spec = spec.get("jobTemplate", {}).get("spec", spec)
    yield from spec.get("template", {}).get("spec", {}).get("containers", [])


def assert_known(names: Any) -> None:
    assert {*names} - OURS - OF_OTHERS == set()


def assert_command(words: list[str]) -> None:
    """That `heaters` takes the words, and roles are roles."""
    assert words[0] == "heaters"
    with main.make_context("heaters", words[1:], resilient_parsing=True) as context:
        _, command, rest = main.resolve_command(context, words[1:])
        assert command is not None
        command.make_context(words[1], [*rest]).close()
    if "--only" in words:
        assert {*words[words.index("--only") + 1].split(",")} <= PROGRAMS


def assert_health(words: list[str]) -> None:
    """That a health check asks a port that is there for a path that is."""
    said = " ".join(words)
    if "grpc-health-check" in said:
        assert f"--port {PORTS['code']}" in said
        return
    ((port, path),) = re.findall(r"127\.0\.0\.1:(\d+)(/\w+)", said)
    assert HEALTH[int(port)] == path


def test_the_ports_and_paths_are_those_of_the_programs() -> None:
    assert Settings.model_fields["review_port"].default == PORTS["review"]
    assert Settings.model_fields["dagster_port"].default == PORTS["webserver"]


def test_the_image_is_in_order() -> None:
    files = [DEPLOY / "Dockerfile", DEPLOY / "ecs" / "Dockerfile"]
    done = subprocess.run([tool("hadolint"), *files], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
    text = (DEPLOY / "Dockerfile").read_text()
    assert "USER 10001" in text and 'ENTRYPOINT ["tini", "--"]' in text
    copied = re.findall(r"^!(\S+)", (DEPLOY / "Dockerfile.dockerignore").read_text(), re.M)
    assert [name for name in copied if not (CHECKOUT / name).exists()] == []


def test_compose_starts_what_there_is() -> None:
    services = composed("compose.yaml")["services"]
    ours = {name: each for name, each in services.items() if each["image"].startswith("heaters:")}
    assert ours.keys() == {"review", "code", "daemon", "webserver"}
    for service in ours.values():
        assert_is_ours(service)
    assert services["daemon"].get("deploy", {}).get("replicas", 1) == 1
    assert [port["host_ip"] for port in services["webserver"]["ports"]] == ["127.0.0.1"]
    assert "ports" not in services["code"] and "ports" not in services["db"]


def test_compose_with_celery_has_workers_by_kind_of_machine() -> None:
    services = composed("compose.yaml", "celery.yaml")["services"]
    for name in ("code", "daemon", "webserver", "worker", "models"):
        assert_is_ours(services[name])
        assert services[name]["environment"]["HEATERS_BROKER_URL"].endswith("@redis:6379/0")
    tags = yaml.safe_load((COMPOSE / "run-tags.yaml").read_text())
    assert tags.keys() <= jobs()
    queues = {tag["dagster-celery/queue"] for tag in tags.values()}
    assert queues == {services["models"]["environment"]["HEATERS_QUEUES"]}


def assert_is_ours(service: dict[str, Any]) -> None:
    """A container of Heaters that can be trusted with a machine."""
    assert_known(service["environment"])
    assert_command(service["command"])
    assert service["read_only"] and service["cap_drop"] == ["ALL"]
    assert service["tmpfs"] == ["/tmp"]
    assert "/var/lib/heaters" in [each["target"] for each in service["volumes"]]
    assert service["stop_grace_period"] == "30s"
    check = service.get("healthcheck", {})
    if check and not check.get("disable"):
        assert_health(check["test"])


def jobs() -> set[str]:
    return {job.name for job in defs.resolve_all_job_defs()}


def test_the_chart_starts_what_there_is() -> None:
    documents = rendered(CHART, **{"ingress.enabled": True})
    kinds = sorted(each["kind"] for each in documents)
    assert kinds == [
        *("ConfigMap", "ConfigMap", "CronJob", "Deployment", "Ingress", "Job"),
        *("NetworkPolicy", "PodDisruptionBudget", "Service"),
    ]
    for document in documents:
        for container in containers_of(document):
            assert_is_locked_down(container)
            if container["args"][0] == "heaters":
                assert_command(container["args"])
            assert_known(each["name"] for each in container.get("env", []))
    by_name = {(each["kind"], each["metadata"]["name"]): each for each in documents}
    assert_known(by_name["ConfigMap", "heaters"]["data"])
    (review,) = containers_of(by_name["Deployment", "heaters-review"])
    assert [port["containerPort"] for port in review["ports"]] == [PORTS["review"]]
    for probe in ("startupProbe", "readinessProbe"):
        assert review[probe]["httpGet"]["path"] == HEALTH[PORTS["review"]]
    assert by_name["Service", "heaters-review"]["spec"]["ports"][0]["port"] == PORTS["review"]
    (pools,) = containers_of(by_name["Job", "heaters-pools-1"])
    assert set(re.findall(r"set (\w+) \d", pools["args"][-1])) == POOL_LIMITS.keys()
    tags = yaml.safe_load(by_name["ConfigMap", "heaters-run-tags"]["data"]["run-tags.yaml"])
    assert tags.keys() <= jobs()


def assert_is_locked_down(container: dict[str, Any]) -> None:
    context = container["securityContext"]
    assert context["readOnlyRootFilesystem"] and not context["allowPrivilegeEscalation"]
    assert context["capabilities"] == {"drop": ["ALL"]}
    places = [each["mountPath"] for each in container["volumeMounts"]]
    assert {"/var/lib/heaters", "/tmp"} <= {*places}


def test_the_chart_is_what_kubernetes_takes() -> None:
    for document in rendered(CHART, **{"ingress.enabled": True}):
        kubernetes_validate.validate(document, "1.32", strict=True)


def test_dagsters_chart_starts_what_there_is() -> None:
    (deployment,) = VALUES["dagster-user-deployments"]["deployments"]
    assert deployment["name"] == "heaters", "the location, which links name"
    assert deployment["port"] == PORTS["code"]
    assert deployment["dagsterApiGrpcArgs"] == [
        "--module-name",
        "heaters_pipeline.orchestration.definitions",
    ]
    assert_known(each["name"] for each in deployment["env"])
    policy = next(each for each in rendered(CHART) if each["kind"] == "NetworkPolicy")
    assert policy["spec"]["ingress"][0]["ports"][0]["port"] == deployment["port"]
    assert policy["spec"]["podSelector"]["matchLabels"]["deployment"] == deployment["name"]
    made = {each["metadata"]["name"] for each in rendered(CHART) if each["kind"] == "ConfigMap"}
    used = {each["name"] for each in deployment["envConfigMaps"]}
    assert used | {"heaters-run-tags"} == made


def test_where_runs_are_pods_or_tasks_the_settings_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not Settings().is_spread
    (config,) = [
        each["data"]
        for each in rendered(CHART)
        if (each["kind"], each["metadata"]["name"]) == ("ConfigMap", "heaters")
    ]
    task = json.loads((DEPLOY / "ecs" / "dagster.json").read_text())
    of_tasks = [
        {each["name"]: each["value"] for each in container["environment"]}
        for container in task["containerDefinitions"]
    ]
    for environment in [config, *of_tasks]:
        with monkeypatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            assert Settings().is_spread
    # Runs get what the code server has: by its config maps, or by name.
    (deployment,) = VALUES["dagster-user-deployments"]["deployments"]
    assert deployment["includeConfigInLaunchedRuns"]["enabled"]
    launcher = yaml.safe_load((DEPLOY / "ecs" / "dagster.yaml").read_text())["run_launcher"]
    assert "HEATERS_RUNS_ELSEWHERE" in launcher["config"]["env_vars"]


def test_dagsters_chart_queues_as_one_machine_does() -> None:
    """But for the numbers: the same keys, and never two runs of one video."""
    there = VALUES["dagsterDaemon"]["runCoordinator"]["config"]["queuedRunCoordinator"]
    here = yaml.safe_load((CHECKOUT / "dagster.yaml").read_text())["concurrency"]["runs"]
    limits = {each["key"]: each for each in there["tagConcurrencyLimits"]}
    for own in here["tag_concurrency_limits"]:
        assert limits[own["key"]]["value"] == own["value"]
    assert limits["dagster/partition"]["limit"] == 1
    assert limits["heaters/half"]["limit"] < there["maxConcurrentRuns"]
    assert not VALUES["dagsterDaemon"]["runRetries"]["enabled"]


def test_ecs_starts_what_there_is() -> None:
    for file in ("review.json", "dagster.json"):
        task = json.loads((DEPLOY / "ecs" / file).read_text())
        for container in task["containerDefinitions"]:
            assert_command(container["command"])
            assert_known(each["name"] for each in container["environment"] + container["secrets"])
            assert container["readonlyRootFilesystem"] and container["user"] == "10001"
            for port in container.get("portMappings", []):
                assert port["containerPort"] == PORTS[container["name"]]
            if "healthCheck" in container:
                assert_health(container["healthCheck"]["command"])


def test_ecs_launches_runs_as_dagster_reads_it() -> None:
    launcher = yaml.safe_load((DEPLOY / "ecs" / "dagster.yaml").read_text())["run_launcher"]
    assert (launcher["module"], launcher["class"]) == ("dagster_aws.ecs", EcsRunLauncher.__name__)
    config = launcher["config"]
    result = process_config(dg.Shape(EcsRunLauncher.config_type()), config)
    assert result.success, result.errors
    assert_known([*config["env_vars"], *(each["name"] for each in config["secrets"])])
    tags = yaml.safe_load((DEPLOY / "ecs" / "run-tags.yaml").read_text())
    assert tags.keys() <= jobs()
