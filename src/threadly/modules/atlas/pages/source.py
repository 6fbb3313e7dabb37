"""The source of the running system, line by line: where links lead when no other place is configured."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from threadly.modules.atlas.errors import SourceMissing
from threadly.modules.atlas.sources import REPOSITORY_PATH, SHOWN_AT, SourceGone, read_source
from threadly.platform.http.edge import Edge
from threadly.platform.http.following import UNFOLLOWED
from threadly.web.pages import Pages

__all__ = ["routes"]


@get(f"{SHOWN_AT}/{REPOSITORY_PATH}/{{path:path}}", include_in_schema=False, opt={UNFOLLOWED: True})
async def show_source(edge: NamedDependency[Edge], pages: NamedDependency[Pages]) -> Response[str]:
    """To everybody: the source is open. What an operator changed may not be, hence THREADLY_SOURCE_URL."""
    path = edge.request.path_params["path"].lstrip("/")
    try:
        text = read_source(path)
    except SourceGone:
        raise SourceMissing from None
    folder, _, name = f"{REPOSITORY_PATH}/{path}".rpartition("/")
    return await pages.show(edge, "atlas/source.html", folder=folder, name=name, lines=text.splitlines())


routes: list[ControllerRouterHandler] = [show_source]
