"""Whether an address to listen on can be reached from this machine only."""

from ipaddress import ip_address

__all__ = ["is_loopback"]


def is_loopback(host: str) -> bool:
    """Names other than `localhost` count as reachable from elsewhere."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
