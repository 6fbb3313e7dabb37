"""Whom we ask outside is seen: each call is a span, which the Map draws and the Costs page counts."""

from email.message import EmailMessage

import pytest

from threadly.platform.mail.smtp import Away, hand_over, smtp_server
from threadly.platform.sms import GatewayDown, TextMessage, send_text
from threadly.platform.telemetry import tracing
from threadly.platform.telemetry.keeper import Keeper
from threadly.platform.telemetry.spans import Recording
from threadly.settings import Settings

# Nobody listens there.
NOBODY = "127.0.0.1:1"


async def test_a_letter_and_a_text_message_are_calls_and_what_fails_names_nobody() -> None:
    recorded: list[Recording] = []
    before, keeper = tracing.keeper(), Keeper(Settings(), "tests")
    keeper.observers.append(recorded.append)
    tracing.record_with(keeper)
    letter = EmailMessage()
    letter["From"], letter["To"] = "shop@example.com", "sarah@example.com"
    with tracing.continue_trace(None):
        with pytest.raises(Away):
            await hand_over(smtp_server(f"smtp://{NOBODY}"), letter)
        with pytest.raises(GatewayDown):
            await send_text(Settings(sms_url=f"http://{NOBODY}"), TextMessage("+20 100 000 0000", "Paid."))
    tracing.record_with(before)
    calls = [each for recording in recorded for each in recording.spans if each.kind == "call"]
    assert [each.name for each in calls] == ["mail.send", "sms.send"]
    assert all(each.error and "sarah" not in each.error and "+20" not in each.error for each in calls)
