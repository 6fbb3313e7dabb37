"""How the servers are started."""

import pytest
import uvicorn

from threadly.processes import _serve_uvicorn
from threadly.settings import Settings


def test_uvicorn_does_not_believe_what_a_request_says_about_its_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    configs: list[uvicorn.Config] = []
    monkeypatch.setattr(uvicorn, "run", lambda app, **options: configs.append(uvicorn.Config(app, **options)))
    _serve_uvicorn(Settings(server="uvicorn"))
    assert [config.proxy_headers for config in configs] == [False]
