"""`threadly doctor --reconcile` on a database of its own, as it looks at everything there is."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tests.conftest import database_apart
from tests.modules.payments.doubles import paypal
from tests.modules.payments.doubles.serving import staging
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


async def test_a_provider_that_is_not_understood_holds_up_none_of_the_others(
    own: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    async with staging() as stage:
        stage.double = double = paypal.PayPalDouble()
        line = {
            "transaction_id": "5O190127TN364715T",
            "transaction_event_code": "T0006",
            "transaction_initiation_date": (datetime.now(UTC) - timedelta(days=1)).isoformat(),
            "transaction_amount": {"currency_code": "USD", "value": "NaN"},
        }
        double.transactions.append({"transaction_info": line})
        with_paypal = msgspec.structs.replace(
            own, paypal_client_id=paypal.CLIENT_ID, paypal_secret=paypal.SECRET, paypal_url=stage.url
        )
        assert await reconcile(with_paypal) == 1
    said = capsys.readouterr().out
    assert "paypal could not be compared" in said
    assert "✓ sandbox" in said
