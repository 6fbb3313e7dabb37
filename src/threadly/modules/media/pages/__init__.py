"""The pages of media: what serves images and files, the form behind a member's own picture,
and what they have uploaded."""

from threadly.modules.media.pages import avatar, uploads
from threadly.modules.media.pages.serving import file_route, image_route

__all__ = ["file_route", "image_route", "routes"]

routes = [*avatar.routes, *uploads.routes]
