"""What all pages of the owner have in common: who may see them, and lists that go on."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from litestar import Response

from threadly.modules.store.verbs.shop import STORE_MANAGE
from threadly.platform.http.edge import Edge
from threadly.platform.ids import id_of
from threadly.web import Flash
from threadly.web.pages import Pages

__all__ = ["done", "host_of", "id_of", "require_owner", "url_of"]


def require_owner(edge: Edge) -> None:
    """Raises SignInRequired or Denied."""
    edge.actor.require(STORE_MANAGE)


def host_of(edge: Edge) -> str:
    return edge.request.headers.get("host", "")


def url_of(path: str, asked: Mapping[str, str]) -> str:
    """The address of a list with what is asked of it; what is empty is left out."""
    found = urlencode({name: text for name, text in asked.items() if text})
    return f"{path}?{found}" if found else path


def done(edge: Edge, pages: Pages, to: str, sentence: str) -> Response[Any]:
    """On to the next page, which says that it is done."""
    return pages.redirect(edge, to, flash=Flash("success", sentence))
