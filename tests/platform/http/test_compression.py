"""Compression, negotiated by q-values, over a real server."""

import zlib

import brotli  # type: ignore[import-untyped]  # ships no annotations
import httpx
import pytest
import zstandard

from tests.platform.http.conftest import Serve
from threadly.platform.http.compression import choose_encoding

TEXT = "/api/v1/text"
PLAIN = b"threadly " * 1_000


async def raw(
    client: httpx.AsyncClient, path: str, accept: str, **headers: str
) -> tuple[httpx.Response, bytes]:
    """The response with its body as it came over the wire."""
    async with client.stream("GET", path, headers={"Accept-Encoding": accept, **headers}) as response:
        return response, b"".join([chunk async for chunk in response.aiter_raw()])


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("gzip, br, zstd", "br"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("zstd", "zstd"),
        ("br;q=0, gzip", "gzip"),
        ("*", "br"),
        ("*;q=0", None),
        ("identity", None),
        ("identity;q=1, gzip;q=0.5", None),
        ("gzip;q=x", None),
        ("deflate", None),
        ("brr", None),
        ("", None),
    ],
)
def test_the_clients_weights_decide(accepted: str, chosen: str | None) -> None:
    assert choose_encoding(accepted) == chosen


async def test_each_encoding_decodes_to_the_same_text(serve: Serve) -> None:
    decoders = {
        "br": brotli.decompress,
        "gzip": lambda body: zlib.decompress(body, wbits=31),
        "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
    }
    async with serve() as client:
        for encoding, decode in decoders.items():
            response, body = await raw(client, TEXT, encoding)
            assert response.headers["content-encoding"] == encoding
            assert int(response.headers["content-length"]) == len(body) < 200
            assert "accept-encoding" in response.headers["vary"]
            assert decode(body) == PLAIN


async def test_short_and_refused_answers_stay_as_they_are(serve: Serve) -> None:
    async with serve() as client:
        for accept, headers in (("br", {"x-words": "10"}), ("identity", {})):
            response, body = await raw(client, TEXT, accept, **headers)
            assert "content-encoding" not in response.headers
            assert "accept-encoding" in response.headers["vary"]
            assert body.startswith(b"threadly ")


async def test_a_stream_of_lines_is_compressed(serve: Serve) -> None:
    async with serve() as client:
        response, body = await raw(client, "/api/v1/lines", "gzip")
        assert response.headers["content-encoding"] == "gzip"
        assert zlib.decompress(body, wbits=31).count(b"\n") == 500


async def test_an_event_stream_never_is(serve: Serve) -> None:
    async with serve() as client:
        response, body = await raw(client, "/api/v1/events", "br, gzip, zstd")
        assert "content-encoding" not in response.headers
        assert body.count(b"tick") == 8
