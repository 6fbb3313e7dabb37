"""How the servers are started."""

import resource

import pytest
import uvicorn

from threadly.processes import _serve_uvicorn, allow_connections
from threadly.settings import Settings


def test_uvicorn_does_not_believe_what_a_request_says_about_its_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    configs: list[uvicorn.Config] = []
    monkeypatch.setattr(uvicorn, "run", lambda app, **options: configs.append(uvicorn.Config(app, **options)))
    _serve_uvicorn(Settings(server="uvicorn"))
    assert [config.proxy_headers for config in configs] == [False]


def test_who_serves_may_open_as_many_files_as_it_has_connections() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, before[1]), before[1]))
        allow_connections(600)
        assert 600 < resource.getrlimit(resource.RLIMIT_NOFILE)[0] <= before[1]
        allow_connections(before[1])  # no more than there may be
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == before[1]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
