"""A letter, and the message it becomes on the wire."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Final

import msgspec

__all__ = ["ADDRESS", "Letter", "compose"]

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# RFC 5321's dot-string, and host names with a dot: what mail servers of this world deliver to.
ADDRESS: Final = rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[A-Za-z][A-Za-z0-9-]{{0,61}}[A-Za-z0-9]"


class Letter(msgspec.Struct, frozen=True):
    """One mail to one person: the same said in plain text and in HTML. `recipient` is a bare address;
    `headers` are those that `compose` does not write itself, List-Unsubscribe for example."""

    recipient: str
    subject: str
    text: str
    html: str
    headers: tuple[tuple[str, str], ...] = ()


def compose(letter: Letter, *, sender: str, letter_id: str, at: datetime) -> EmailMessage:
    """`letter` from `sender` ("Name <address>"). The same `letter_id` makes the same Message-ID, by which
    mail programs know a letter that was sent twice.

    Raises ValueError for a header with a line break in it, which nobody writes but an attacker.
    """
    name, address = parseaddr(sender)
    message = EmailMessage()
    message["From"] = Address(name, addr_spec=address)
    message["To"] = Address(addr_spec=letter.recipient)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{letter_id}@{address.rpartition('@')[2]}>"
    # RFC 3834: no holiday notes in answer, please.
    message["Auto-Submitted"] = "auto-generated"
    for header, value in letter.headers:
        message[header] = value
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return message
