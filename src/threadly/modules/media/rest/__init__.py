"""The Media part of the API, under /api/v1."""

from litestar.types import ControllerRouterHandler

from threadly.modules.media.rest import files, images
from threadly.modules.media.rest.files import upload_route

__all__ = ["routes", "upload_route"]

routes: list[ControllerRouterHandler] = [*images.routes, *files.routes]
