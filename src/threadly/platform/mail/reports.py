"""What mail servers write about a letter of ours: that nobody is there (RFC 3464), or that somebody calls it
spam (RFC 5965). Only the fields for machines are read; what is written for people may say anything."""

import email
import email.policy
import re
from collections.abc import Iterator
from email.message import Message
from typing import Final, Literal, TypeAlias

import msgspec

__all__ = ["MailReport", "is_dead_status", "read_reports"]

# RFC 3463: undefined, bad mailbox, disabled mailbox, unroutable host. A full mailbox or a policy may change.
DEAD: Final = re.compile(r"5\.(0\.0|1\.\d{1,3}|2\.1|4\.4)")
MOST_RECIPIENTS: Final = 50

AnyMessage: TypeAlias = "Message[str, str]"


class MailReport(msgspec.Struct, frozen=True):
    """About one letter to one of `recipients`, which are different writings of the same address or, where
    mail was forwarded, the address that we wrote to and the one that it was forwarded to."""

    kind: Literal["bounced", "complained"]
    recipients: tuple[str, ...]
    message_id: str
    status: str


def is_dead_status(status: str) -> bool:
    """Whether an enhanced status says that nobody will ever be there."""
    return DEAD.fullmatch(status.strip()) is not None


def read_reports(raw: bytes) -> list[MailReport]:
    """What `raw`, a whole message, reports for good: not that it is late, nor what it says to people."""
    message: AnyMessage = email.message_from_bytes(raw, policy=email.policy.compat32)
    message_id, original_to = _original(message)
    reports = [
        *_bounces(_blocks(message, "message/delivery-status"), message_id),
        *_complaints(_blocks(message, "message/feedback-report"), message_id, original_to),
    ]
    return reports[:MOST_RECIPIENTS]


def _bounces(blocks: Iterator[AnyMessage], message_id: str) -> Iterator[MailReport]:
    for block in blocks:
        status = str(block.get("Status", "")).partition(" ")[0]
        recipients = _addresses(block, "Original-Recipient", "Final-Recipient")
        if str(block.get("Action", "")).strip().lower() == "failed" and recipients and is_dead_status(status):
            yield MailReport("bounced", recipients, message_id, status)


def _complaints(blocks: Iterator[AnyMessage], message_id: str, original_to: str) -> Iterator[MailReport]:
    for block in blocks:
        recipients = (*_addresses(block, "Original-Rcpt-To"), *([original_to] if original_to else ()))
        if str(block.get("Feedback-Type", "")).strip().lower() == "abuse" and recipients:
            yield MailReport("complained", recipients, message_id, "abuse")


def _blocks(message: AnyMessage, content_type: str) -> Iterator[AnyMessage]:
    """The groups of fields in parts of that type."""
    for part in message.walk():
        if part.get_content_type() == content_type:
            payload = part.get_payload()
            if isinstance(payload, list):
                yield from (each for each in payload if isinstance(each, Message))
            elif isinstance(payload, str):
                yield from (email.message_from_string(each) for each in payload.split("\n\n"))


def _original(message: AnyMessage) -> tuple[str, str]:
    """The Message-ID of the letter that it is about, and to whom it went; empty if it is not quoted."""
    for part in message.walk():
        kind, payload = part.get_content_type(), part.get_payload()
        if kind == "message/rfc822" and isinstance(payload, list) and isinstance(payload[0], Message):
            return _identity(payload[0])
        if kind == "text/rfc822-headers" and isinstance(payload, str):
            return _identity(email.message_from_string(payload))
    return "", ""


def _identity(letter: AnyMessage) -> tuple[str, str]:
    return str(letter.get("Message-ID", "")).strip(), _bare(str(letter.get("To", "")))


def _addresses(block: AnyMessage, *names: str) -> tuple[str, ...]:
    """Without "rfc822;" before them, and each once."""
    found = (_bare(str(block.get(name, "")).rpartition(";")[2]) for name in names)
    return tuple(dict.fromkeys(each for each in found if each))


def _bare(text: str) -> str:
    return text.strip().strip("<>").strip().lower()
