"""The address of the community that a request is about, without asking the database."""

from urllib.parse import urlsplit

from threadly.platform.http.edge import Edge
from threadly.platform.tenants import PUBLIC_TENANT_ID

__all__ = ["site_of"]


def site_of(edge: Edge) -> str:
    """As in `https://example.org`, for links that leave the site: feeds, cards, canonical addresses.

    The first community lives at the installation's own address. Another one was found by the host name of the
    request, so that name is one of its own; the rest of the header is not believed.
    """
    public_url = edge.runtime.settings.public_url
    if edge.tenant.id == PUBLIC_TENANT_ID:
        return public_url
    parts = urlsplit(public_url)
    host = edge.request.headers.get("host", "").partition(":")[0].lower()
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}"
