"""The compose file and the settings match: one .env serves both, and nothing of it is dropped on the way."""

import re
from pathlib import Path

import pytest

from threadly.settings import Settings, read_settings, variable_of

ROOT = Path(__file__).parent.parent
COMPOSE = (ROOT / "deploy/compose.yaml").read_text()
# Each setting that a container gets, with what it gets.
GIVEN = dict(re.findall(r"^ +((?:THREADLY|DATABASE|VALKEY)_[A-Z_]+): (.+)$", COMPOSE, re.MULTILINE))
# What the .env file may say.
ASKED = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE))

OF_EMBEDDED_SERVERS = "there are none in a container"
SAID_BY_IMAGE = "the Dockerfile says it"
NOT_PASSED = {
    "THREADLY_HOME": OF_EMBEDDED_SERVERS,
    "THREADLY_POSTGRES_BIN": OF_EMBEDDED_SERVERS,
    "THREADLY_VALKEY_BIN": OF_EMBEDDED_SERVERS,
    "THREADLY_ENV": SAID_BY_IMAGE,
    "THREADLY_HOST": SAID_BY_IMAGE,
    "THREADLY_LOG_FORMAT": SAID_BY_IMAGE,
    "THREADLY_PORT": "it is published as it is",
    "THREADLY_DEMO": "it is not for production",
    "THREADLY_PUSH_PRIVATE": "it is for tests",
    "THREADLY_INTERCEPTED": "`threadly up` says it, of proxies that it runs",
}
# The servers are the file's own, so it says where they are.
FIXED = {"DATABASE_URL", "THREADLY_OWNER_DATABASE_URL", "VALKEY_URL", "THREADLY_WORKER_METRICS_PORT"}


@pytest.mark.parametrize("variable", sorted(variable_of(field) for field in Settings.__struct_fields__))
def test_every_setting_reaches_the_containers_or_is_left_out_for_a_reason(variable: str) -> None:
    if variable in NOT_PASSED:
        assert variable not in GIVEN
    elif variable in FIXED:
        assert variable not in ASKED
    else:
        assert GIVEN[variable].startswith(f"${{{variable}:")


def test_the_env_file_that_compose_asks_for_does_not_stop_the_commands(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("".join(f"{name}=\n" for name in ASKED if not name.endswith("PASSWORD")))
    passwords = {name: "secret" for name in ASKED if name.endswith("PASSWORD")}
    assert len(passwords) == 3
    assert read_settings(passwords, dotenv=dotenv) == Settings()


def test_nothing_is_given_that_is_no_setting() -> None:
    assert set(GIVEN) <= {variable_of(field) for field in Settings.__struct_fields__}
