"""What `threadly up` refuses to open to strangers."""

import pytest

from threadly.platform.embedded import NotStarted
from threadly.processes import _refuse_strangers
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
