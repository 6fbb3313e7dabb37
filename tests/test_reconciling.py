"""`threadly doctor --reconcile` on a database of its own, as it looks at everything there is."""

from collections.abc import Iterator

import msgspec
import pytest

from tests.conftest import database_apart
from tests.sandbox.server import SandboxServer, sandbox_server
from threadly.platform.embedded import EmbeddedPostgres
from threadly.reconciling import reconcile
from threadly.settings import Settings


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    """With books of its own."""
    with sandbox_server() as server:
        yield server


@pytest.fixture
def own(settings: Settings, postgres: EmbeddedPostgres, sandbox: SandboxServer) -> Iterator[Settings]:
    with database_apart(postgres, settings, "reconciled_books") as apart:
        yield msgspec.structs.replace(apart, sandbox_url=sandbox.url, sandbox_key=sandbox.key)


async def test_agreement_difference_and_silence_are_told_apart(
    own: Settings, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await reconcile(own) == 0
    assert "All books agree." in capsys.readouterr().out

    async with sandbox.client() as provider:
        answer = await provider.post(
            "/v1/charges",
            headers={"Idempotency-Key": "of somebody else"},
            json={"amount_minor": 4_200, "currency": "USD", "token": "tok_success"},
        )
    assert answer.status_code == 201
    assert await reconcile(own) == 1
    said = capsys.readouterr().out
    assert "a charge of $42.00 that we know nothing of" in said
    assert "differences to settle" in said

    sandbox.kill()
    assert await reconcile(own) == 1
    assert "sandbox cannot be asked now" in capsys.readouterr().out
