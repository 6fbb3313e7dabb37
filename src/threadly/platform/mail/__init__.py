"""Mail: letters, delivered by durable jobs; without a mail server they stay in the development mailbox."""

from threadly.platform.mail.addresses import site_url
from threadly.platform.mail.delivery import deliver
from threadly.platform.mail.letter import ADDRESS, Letter, compose
from threadly.platform.mail.mailbox import KeptLetter, erase_mailbox, find_letter, keep_letter, list_letters
from threadly.platform.mail.message_ids import signed_id, tenant_of_letter
from threadly.platform.mail.reports import MailReport, is_dead_status, read_reports
from threadly.platform.mail.smtp import Away, Delayed, Refused, SmtpSession, smtp_server, smtp_session

__all__ = [
    "ADDRESS",
    "Away",
    "Delayed",
    "KeptLetter",
    "Letter",
    "MailReport",
    "Refused",
    "SmtpSession",
    "compose",
    "deliver",
    "erase_mailbox",
    "find_letter",
    "is_dead_status",
    "keep_letter",
    "list_letters",
    "read_reports",
    "signed_id",
    "site_url",
    "smtp_server",
    "smtp_session",
    "tenant_of_letter",
]
