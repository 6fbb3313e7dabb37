"""The two ends of a webhook agree on its secret and its signature, though neither imports the other."""

import time
from datetime import UTC, datetime

import pytest

from threadly.modules.payments.providers.interface import SignatureInvalid
from threadly.modules.payments.providers.sandbox import SandboxProvider
from threadly.sandbox.signing import sign, webhook_secret

KEY = "the key of both"
BODY = (
    b'{"id":"evt_1","kind":"refund.succeeded","data":{"refund":{"id":"re_1","key":"k","status":"succeeded"}}}'
)


async def test_threadly_believes_what_the_sandbox_signed_and_nothing_else() -> None:
    provider = SandboxProvider(url="http://127.0.0.1:1", key=KEY)
    at = int(time.time())
    now = datetime.fromtimestamp(at, UTC)
    signature = sign(webhook_secret(KEY), at=at, body=BODY)
    event = await provider.read_webhook(headers={"sandbox-signature": signature}, body=BODY, now=now)
    assert event.event_id == "evt_1"
    for forged in (
        sign(webhook_secret("another key"), at=at, body=BODY),
        sign(webhook_secret(KEY), at=at, body=b""),
    ):
        with pytest.raises(SignatureInvalid):
            await provider.read_webhook(headers={"sandbox-signature": forged}, body=BODY, now=now)
    await provider.aclose()
