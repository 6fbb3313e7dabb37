"""The development mailbox: what would have been sent, on a machine without a mail server."""

import re

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from threadly.modules.identity.pages.forms import Page
from threadly.platform.http.edge import Edge
from threadly.platform.http.refusals import NotFound
from threadly.platform.ids import parse_id
from threadly.platform.loopback import is_loopback
from threadly.platform.mail import KeptLetter, find_letter, list_letters
from threadly.platform.work import Work
from threadly.web import moment
from threadly.web.pages import Pages

__all__ = ["routes"]

PREVIEW_LENGTH = 160
URL = re.compile(r"https?://\S+")


@get("/dev/mailbox", include_in_schema=False)
async def show_mailbox(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Page:
    _require_mailbox(edge)

    async def act(work: Work) -> list[dict[str, object]]:
        return [_mail_of(each, edge, work) for each in await list_letters(work)]

    return await pages.show(edge, "dev/mailbox.html", mails=await edge.read(act))


@get("/dev/mailbox/{letter_id:str}", include_in_schema=False)
async def show_mail(
    edge: NamedDependency[Edge], pages: NamedDependency[Pages], letter_id: FromPath[str]
) -> Page:
    _require_mailbox(edge)
    wanted = parse_id(letter_id)

    async def act(work: Work) -> dict[str, object]:
        letter = await find_letter(work, letter_id=wanted) if wanted else None
        if letter is None:
            raise NotFound
        return _mail_of(letter, edge, work)

    return await pages.show(edge, "dev/mail.html", mail=await edge.read(act))


routes: list[ControllerRouterHandler] = [show_mailbox, show_mail]


def _require_mailbox(edge: Edge) -> None:
    """It shows everybody's letters, links to new passwords included: for this machine's own people only."""
    settings = edge.runtime.settings
    if settings.env != "development" or settings.smtp_url is not None or not is_loopback(settings.host):
        raise NotFound


def _mail_of(letter: KeptLetter, edge: Edge, work: Work) -> dict[str, object]:
    return {
        "id": str(letter.id),
        "to": letter.recipient,
        "sender": edge.runtime.settings.mail_from,
        "subject": letter.subject,
        "time": moment(letter.created_at, now=work.now),
        "preview": " ".join(letter.text.split())[:PREVIEW_LENGTH],
        "text": letter.text,
        "links": URL.findall(letter.text),
    }
