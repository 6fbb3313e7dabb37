"""What `threadly up` refuses to open to strangers, and when it has a payment sandbox and proxies."""

import socket
from pathlib import Path
from typing import Any

import pytest

from threadly.platform.embedded import NotStarted
from threadly.processes import _refuse_strangers, _welcome
from threadly.programs import _free_port, faults, payment_sandbox
from threadly.settings import Settings

ANYWHERE = "0.0.0.0"  # nothing listens in these tests


@pytest.mark.parametrize("host", [ANYWHERE, "::", "192.0.2.7", "community.example"])
@pytest.mark.parametrize("demo", [True, False])
def test_in_development_other_machines_are_refused_with_one_line(
    host: str, demo: bool
) -> None:  # parametrized
    with pytest.raises(NotStarted) as refused:
        _refuse_strangers(Settings(host=host), demo=demo)
    assert "\n" not in str(refused.value)
    assert "--no-demo" in str(refused.value)
    assert "THREADLY_ENV=production" in str(refused.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_in_development_the_demo_is_for_this_machine(host: str) -> None:
    _refuse_strangers(Settings(host=host), demo=True)


def test_the_demo_is_refused_in_production() -> None:
    production = Settings(env="production", host=ANYWHERE)
    with pytest.raises(NotStarted, match="--no-demo"):
        _refuse_strangers(production, demo=True)
    _refuse_strangers(production, demo=False)


@pytest.mark.parametrize(
    "settings",
    [
        Settings(env="production", secret_key="s" * 32),
        Settings(sandbox_url="http://sandbox.example", sandbox_key="k"),
        Settings(env="production", secret_key="s" * 32, sandbox_url="http://sandbox.example"),
    ],
)
def test_in_production_or_with_another_one_named_no_payment_sandbox_is_started(settings: Settings) -> None:
    with payment_sandbox(settings) as (programs, known_settings):
        assert programs == []
        assert known_settings == settings


def test_a_port_that_is_taken_is_left_to_whoever_has_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        near = int(taken.getsockname()[1])
        assert _free_port(near=near) != near
    assert _free_port(near=near) == near
    assert _free_port(near=65_540) <= 65_535


def served(home: Path, **changes: Any) -> Settings:
    return Settings(
        home=home,
        database_url=f"postgresql://threadly_app@/threadly?host={home}/run/postgres&port=5432",
        valkey_url="rediss://cache:6379",
        sandbox_url="http://127.0.0.1:8010",
        **changes,
    )


def test_without_experiments_nothing_is_in_the_way(tmp_path: Path) -> None:
    settings = served(tmp_path, env="production", secret_key="s" * 32)
    assert faults(settings) == ([], settings)


@pytest.mark.parametrize("changes", [{"demo": True}, {"env": "production", "experiments": True}])
def test_with_experiments_a_proxy_is_in_front_of_what_can_be_intercepted(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    settings = served(tmp_path, secret_key="s" * 32, **changes)
    programs, told = faults(settings)
    assert [each.name for each in programs] == ["proxies for experiments"]
    assert told.experiments
    assert told.intercepted == ("postgresql", "sandbox")
    assert told.valkey_url == settings.valkey_url
    assert told.database_url != settings.database_url
    assert told.sandbox_url != settings.sandbox_url


@pytest.mark.parametrize("demo", [True, False])
def test_the_mailbox_is_named_where_it_is_open(demo: bool) -> None:
    assert "/dev/mailbox" in _welcome(Settings(), demo=demo)
    assert "/dev/mailbox" not in _welcome(Settings(smtp_url="smtp://mail.example"), demo=demo)
    assert "/dev/mailbox" not in _welcome(Settings(env="production"), demo=False)
