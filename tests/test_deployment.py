"""What Dockerfile, compose file and .env.example name exists, checked without a container engine."""

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml
from flask.cli import ScriptInfo

from embedded import clamav
from portal.config import SECRETS, Settings
from portal.extensions import db

ROOT = Path(__file__).parents[1]
IMAGE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
COMPOSE_TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE = yaml.safe_load(COMPOSE_TEXT)
SERVICES = COMPOSE["services"]
OURS = ("web", "worker", "timetable", "migrate")
EXAMPLE = (ROOT / ".env.example").read_text()

SETTINGS = {name.upper() for name in Settings.model_fields}
OWNERS = {"MAINTENANCE_DATABASE_URL"}
NETWORKED = ("web", "timetable")  # these need not know it
SUBSTITUTED = re.compile(r"(?<!\$)\$\{(\w+)(?::([-?])([^}]*))?\}")


def instructions(name):
    return [
        line.removeprefix(f"{name} ").strip() for line in IMAGE.splitlines() if line.startswith(f"{name} ")
    ]


def words_of(command):
    """The commands in a list or a line, each as its words; what a shell is given is taken apart."""
    words = shlex.split(command) if isinstance(command, str) else [str(word) for word in command]
    if words[:2] == ["sh", "-c"]:
        return [shlex.split(part) for part in words[2].split("&&")]
    return [words]


def commands_of(service):
    return [words for key in ("entrypoint", "command") for words in words_of(service.get(key) or [])]


def flask_commands():
    """Every `flask …` that the deployment runs."""
    inside = re.findall(r"flask --app wsgi ([\w -]+)", IMAGE + COMPOSE_TEXT)
    return sorted({command.strip() for command in inside})


# --- Dockerfile ---


def test_everything_the_image_copies_is_in_the_repository_and_let_through():
    let_through = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }

    copied = {source for line in instructions("COPY") for source in line.split()[:-1]}

    assert {source for source in copied if not (ROOT / source).exists()} == set()
    assert copied == let_through


def test_the_image_copies_all_packages_that_the_application_imports():
    copied = {source for line in instructions("COPY") for source in line.split()[:-1]}
    own = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "embedded", "bench"}

    assert own <= copied
    assert {"wsgi.py", "gunicorn.conf.py", "templates", "static", "migrations"} <= copied


def test_the_image_does_not_run_as_root():
    user = instructions("USER")[-1]

    assert user not in {"root", "0"}
    assert re.search(rf"useradd .*\b{user}\b", IMAGE)
    assert IMAGE.index(f"USER {user}") < IMAGE.index("ENTRYPOINT")


def test_the_image_has_the_python_and_node_the_repository_asks_for():
    version = re.search(r"FROM python:(3\.\d+)", IMAGE)[1]
    node = int(re.search(r"FROM node:(\d+)", IMAGE)[1])

    assert f'requires-python = ">={version}"' in (ROOT / "pyproject.toml").read_text()
    assert node >= int(
        re.search(r"\d+", json.loads((ROOT / "package.json").read_text())["engines"]["node"])[0]
    )


@pytest.mark.parametrize("command", flask_commands())
def test_every_flask_command_of_the_deployment_exists_with_its_options(_app, command):
    """Parsed by the commands themselves, and not run."""
    group, words = _app.cli, command.split()
    with _app.app_context():
        context = click.Context(_app.cli, obj=ScriptInfo(create_app=lambda: _app))
        while isinstance(group, click.Group):
            name = words.pop(0)
            group = group.get_command(context, name)
            assert group is not None, f"flask has no command {name}"
        group.make_context(group.name, words)


def test_what_the_image_copies_is_enough_to_build_and_load_it(tmp_path):
    """The build's own step, on its own files and nothing else of the repository."""
    for source in {source for line in instructions("COPY") for source in line.split()[:-1]}:
        if (ROOT / source).is_dir():
            shutil.copytree(
                ROOT / source,
                tmp_path / source,
                ignore=shutil.ignore_patterns("vendor", "__pycache__", "*.mo"),
            )
        else:
            shutil.copy(ROOT / source, tmp_path)
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.defpath}"}
    step = next(line for line in instructions("RUN") if "assets build" in line).split(" ", 1)[1]

    done = subprocess.run(
        ["sh", "-ec", step], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "static/vendor/manifest.json").exists()
    assert list(tmp_path.glob("portal/__pycache__/*.pyc"))


def test_the_entry_waits_for_the_schema_before_it_runs_the_command():
    waits, runs = words_of(json.loads(instructions("ENTRYPOINT")[0]))

    assert waits[3:5] == ["ops", "wait-for-head"]
    assert runs == ["exec", "$@"]


def test_the_web_server_listens_where_the_image_says():
    port = instructions("EXPOSE")[0]
    check = IMAGE[IMAGE.index("HEALTHCHECK") :]

    assert f"WEB_BIND=0.0.0.0:{port}" in IMAGE
    assert f"http://127.0.0.1:{port}/" in check
    assert 'os.environ.get("WEB_BIND")' in (ROOT / "gunicorn.conf.py").read_text()
    assert SERVICES["web"]["ports"][0].endswith(f":{port}")


def test_the_health_check_asks_a_page_that_answers_without_log_in(app):
    path = re.search(r"http://127\.0\.0\.1:\d+(/\w+)", IMAGE)[1]

    assert app.test_client().get(path, base_url="http://127.0.0.1:8000").status_code == 200


def test_gunicorn_accepts_its_settings():
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "--print-config", "wsgi:app"],
        cwd=ROOT,
        env={"PATH": os.defpath, "PORT": "8123", "SECRET_KEY": "x" * 40, "REDIS_URL": "redis://127.0.0.1:1"}
        | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"},
        capture_output=True,
        text=True,
        check=False,
    )
    told = dict(line.split("=", 1) for line in re.sub(r" += ", "=", done.stdout).splitlines() if "=" in line)

    assert done.returncode == 0, done.stderr
    assert told["bind"] == "['127.0.0.1:8123']"
    assert told["worker_class"] == "gthread"
    assert told["control_socket_disable"] == "True"


def test_streams_leave_threads_for_pages(_app):
    threads = int(re.search(r'"WEB_THREADS", "(\d+)"', (ROOT / "gunicorn.conf.py").read_text())[1])

    assert Settings.model_fields["live_streams_per_process"].default <= threads * 0.75


# --- docker-compose.yml ---


def test_the_service_desk_and_all_it_needs_is_there():
    assert set(SERVICES) == {*OURS, "postgres", "redis", "s3", "clamav"}


def test_each_service_tells_whether_it_is_well_or_ends_by_itself():
    for name, service in SERVICES.items():
        in_image = "build" in service and "healthcheck" not in service
        assert in_image or service["healthcheck"].get("test") or service["restart"] == "no", name


def test_nothing_is_waited_for_that_is_not_there_or_cannot_come():
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            expected = "service_completed_successfully" if other == "migrate" else "service_healthy"
            assert other in SERVICES, name
            assert how["condition"] == expected, name
    for name in ("web", "worker", "timetable"):
        assert "migrate" in SERVICES[name]["depends_on"]


def test_only_portal_and_store_are_published_and_only_on_loopback():
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert set(published) == {"web", "s3"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_our_services_know_all_settings_and_no_others():
    for name in OURS:
        assert set(SERVICES[name]["environment"]) == SETTINGS - (OWNERS if name in NETWORKED else set()), name


def test_settings_lead_to_the_services():
    settings = SERVICES["web"]["environment"]
    inner_ports = {"postgres": "5432", "redis": "6379", "s3": "8333", "clamav": "3310"}

    assert f"@postgres:{inner_ports['postgres']}/" in settings["DATABASE_URL"]
    assert f"@redis:{inner_ports['redis']}/" in settings["REDIS_URL"]
    assert settings["S3_ENDPOINT"] == f"http://s3:{inner_ports['s3']}"
    assert (settings["CLAMAV_HOST"], str(settings["CLAMAV_PORT"])) == ("clamav", inner_ports["clamav"])
    assert f"-s3.port={inner_ports['s3']}" in SERVICES["s3"]["command"]
    assert f"TCPSocket {inner_ports['clamav']}" in COMPOSE["configs"]["clamd"]["content"]
    own, owners = settings["DATABASE_URL"], SERVICES["migrate"]["environment"]["MAINTENANCE_DATABASE_URL"]
    assert own.partition("@")[2] == owners.partition("@")[2]
    assert owners.startswith(f"postgresql://{SERVICES['postgres']['environment']['POSTGRES_USER']}:")
    assert own.endswith(f"/{SERVICES['postgres']['environment']['POSTGRES_DB']}")


def test_what_answers_the_network_does_not_know_the_owner_of_the_database():
    owner = SERVICES["postgres"]["environment"]["POSTGRES_USER"]
    for name in NETWORKED:
        settings = SERVICES[name]["environment"]
        assert f"//{owner}:" not in settings["DATABASE_URL"], name
        assert "POSTGRES_PASSWORD" not in str(settings), name


def test_the_settings_with_sample_values_are_good_ones():
    environment = {
        name: SUBSTITUTED.sub(lambda found: found[3] if found[2] == "-" else "0123456789abcdef", str(value))
        for name, value in SERVICES["web"]["environment"].items()
    }
    environment |= {
        "PUBLIC_URL": "https://desk.example.org",
        "S3_PUBLIC_BASE_URL": "https://files.example.org",
    }

    settings = Settings(**{name.lower(): value for name, value in environment.items()})

    assert not settings.demo_mode
    assert settings.is_https


def test_what_compose_presets_is_what_the_application_presets():
    """Apart from the proxy that a published desk stands behind."""
    presets = {name: preset for name, how, preset in SUBSTITUTED.findall(COMPOSE_TEXT) if how == "-"}

    for name in presets.keys() & SETTINGS - {"TRUSTED_PROXY_COUNT"}:
        assert str(Settings.model_fields[name.lower()].default).lower() == presets[name].lower(), name


def test_no_secret_has_a_value_until_somebody_sets_one():
    secret = re.compile(r"PASSWORD|SECRET_KEY$|ACCESS_KEY$|AUTH$|KEY_ID$")
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if secret.search(variable) and variable != "SMTP_PASSWORD":
                assert re.fullmatch(r"\$\{\w+:\?[^}]+\}", str(value)), f"{name}: {variable}"


@pytest.mark.parametrize("name", [name for name in SERVICES if name in OURS])
def test_the_python_of_commands_and_health_checks_exists(name):
    service = SERVICES[name]
    for words in [*commands_of(service), service.get("healthcheck", {}).get("test", [])]:
        if "-m" in words:
            module = words[words.index("-m") + 1]
            assert (ROOT / f"{module.replace('.', '/')}.py").exists()
        if "-c" in words and "python" in words:
            ast.parse(words[words.index("-c") + 1])


def test_the_timetables_health_check_asks_a_table_that_exists():
    table, column = re.search(r"FROM (\w+) WHERE (\w+)", COMPOSE_TEXT).groups()

    assert column in db.metadata.tables[table].columns


def test_the_store_is_told_what_the_embedded_one_is_told():
    """What is left out here would serve objects unsigned, or tell others of the desk."""
    source = (ROOT / "embedded/seaweedfs.py").read_text()
    embedded = set(re.findall(r'"(-[\w.]+=(?:false|0)|-disableHttp)"', source))

    assert len(embedded) >= 6
    assert embedded <= set(SERVICES["s3"]["command"])


def test_clamd_has_the_limits_that_let_nothing_pass_unread():
    content = COMPOSE["configs"]["clamd"]["content"]

    for limit in ("StreamMaxLength", "MaxFileSize", "MaxScanSize"):
        assert f"{limit} ${{CLAMD_LIMIT_MB:-{clamav.LEAST}}}M" in content
    assert "AlertExceedsMax yes" in content
    assert "AlertEncrypted yes" in content


def test_files_pass_through_a_disk_and_not_through_memory():
    desk = COMPOSE["x-desk"]
    folder = re.search(r"TMPDIR=(\S+)", (ROOT / "Dockerfile").read_text())[1]
    assert f"spool:{folder}" in desk["volumes"]
    assert folder not in desk["tmpfs"]


def test_volumes_are_declared_and_used():
    used = {
        volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])
    }

    assert used == set(COMPOSE["volumes"])


def test_postgres_is_new_enough_and_keeps_its_data_in_the_volume():
    """Since version 18 the image keeps its data one folder higher than before."""
    version = int(re.search(r"postgres:(\d+)", SERVICES["postgres"]["image"])[1])

    assert version >= 18
    assert SERVICES["postgres"]["volumes"] == ["postgres:/var/lib/postgresql"]


# --- .env.example ---


def test_the_example_names_everything_compose_asks_for():
    asked = {found[0] for found in SUBSTITUTED.findall(COMPOSE_TEXT)}
    offered = set(re.findall(r"^(\w+)=", EXAMPLE, re.MULTILINE))

    assert offered == asked


def test_the_example_names_every_setting_and_nothing_that_does_not_exist():
    named = set(re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", EXAMPLE, re.MULTILINE))
    of_compose = {found[0] for found in SUBSTITUTED.findall(COMPOSE_TEXT)} - SETTINGS
    of_gunicorn = set(re.findall(r"environ\.get\(.(\w+)", (ROOT / "gunicorn.conf.py").read_text()))

    assert named >= SETTINGS
    assert named - SETTINGS == of_compose | of_gunicorn


def test_the_example_has_the_presets_of_compose():
    presets = {name: preset for name, how, preset in SUBSTITUTED.findall(COMPOSE_TEXT) if how == "-"}

    assert dict(re.findall(r"^(\w+)=(.+)$", EXAMPLE, re.MULTILINE)) == {n: p for n, p in presets.items() if p}


def test_the_example_says_which_secrets_may_come_from_files():
    for name in SECRETS:
        assert name in EXAMPLE.split("---")[0]


# --- package.json ---


def test_npm_packages_are_pinned_and_the_lock_names_no_registry():
    package = json.loads((ROOT / "package.json").read_text())
    lock = json.loads((ROOT / "package-lock.json").read_text())

    for pins in (package["dependencies"], package["devDependencies"]):
        for name, version in pins.items():
            assert re.fullmatch(r"\d+\.\d+\.\d+", version)
            assert lock["packages"][f"node_modules/{name}"]["version"] == version
    assert not any("resolved" in entry for entry in lock["packages"].values())
