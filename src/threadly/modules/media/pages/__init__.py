"""The pages of media: what serves images and files, and the form behind a member's own picture."""

from threadly.modules.media.pages import avatar
from threadly.modules.media.pages.serving import file_route, image_route

__all__ = ["file_route", "image_route", "routes"]

routes = avatar.routes
