"""Mail: letters, delivered by durable jobs; without a mail server they stay in the development mailbox."""

from threadly.platform.mail.addresses import site_url
from threadly.platform.mail.delivery import deliver
from threadly.platform.mail.letter import Letter, compose
from threadly.platform.mail.mailbox import KeptLetter, erase_mailbox, find_letter, keep_letter, list_letters

__all__ = [
    "KeptLetter",
    "Letter",
    "compose",
    "deliver",
    "erase_mailbox",
    "find_letter",
    "keep_letter",
    "list_letters",
    "site_url",
]
