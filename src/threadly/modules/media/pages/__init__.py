"""The pages of media: what serves the images, and the form behind a member's own picture."""

from threadly.modules.media.pages import avatar
from threadly.modules.media.pages.serving import image_route

__all__ = ["image_route", "routes"]

routes = avatar.routes
