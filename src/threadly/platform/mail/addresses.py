"""Where links in mail lead: to the community that they are about."""

from urllib.parse import urlsplit

from threadly.platform.db import sql
from threadly.platform.tenants import PUBLIC_TENANT_ID
from threadly.platform.work import Work

__all__ = ["site_url"]

# The registry is the same for all tenants, so this one names its own.
GET_HOST = sql(
    "platform.get_tenant_host",
    "SELECT host FROM platform.tenant_hosts WHERE tenant_id = platform.tenant_id() ORDER BY host LIMIT 1",
    into=str,
)


async def site_url(work: Work) -> str:
    """The address of the Work's community, without a trailing slash.

    The first one lives at the installation's own address; others at a host of their own, reached by the same
    scheme and port.
    """
    public_url = work.settings.public_url
    if work.tenant.id == PUBLIC_TENANT_ID:
        return public_url
    host = await work.one(GET_HOST)
    if host is None:
        return public_url
    parts = urlsplit(public_url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}"
