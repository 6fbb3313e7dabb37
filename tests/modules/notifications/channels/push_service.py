"""A push service on this machine, which takes, refuses or keeps silent, and a browser."""

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from threadly.platform.push import PushSubscription

Head = dict[str, str]


class BrowserDouble:
    """A browser with keys of its own; `open` is RFC 8291 from its side."""

    def __init__(self, endpoint: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._auth = b"sixteen bytes ok"
        self.subscription = PushSubscription(endpoint, _encode(self._public), _encode(self._auth))

    @property
    def _public(self) -> bytes:
        return self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def open(self, body: bytes) -> Any:
        salt, key_length = body[:16], body[20]
        sender = body[21 : 21 + key_length]
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        shared = self._key.exchange(ec.ECDH(), point)
        secret = _hkdf(self._auth, b"WebPush: info\x00" + self._public + sender, 32, shared)
        key = _hkdf(salt, b"Content-Encoding: aes128gcm\x00", 16, secret)
        nonce = _hkdf(salt, b"Content-Encoding: nonce\x00", 12, secret)
        padded = AESGCM(key).decrypt(nonce, body[21 + key_length :], None)
        return msgspec.json.decode(padded.rstrip(b"\x00").removesuffix(b"\x02"))


class PushService:
    """Answers each path with the status in `answers`, 201 by default; None keeps silent."""

    def __init__(self) -> None:
        self.answers: dict[str, int | None] = {}
        self.got: list[tuple[str, Head, bytes]] = []
        self.url = ""

    def browser(self, path: str) -> BrowserDouble:
        return BrowserDouble(f"{self.url}{path}")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            first = (await reader.readline()).decode().split(" ")
            head: Head = {}
            while line := (await reader.readline()).decode().strip():
                name, _, value = line.partition(":")
                head[name.lower()] = value.strip()
            body = await reader.readexactly(int(head.get("content-length", "0")))
        except (asyncio.IncompleteReadError, ConnectionError, IndexError):
            writer.close()
            return
        self.got.append((first[1], head, body))
        status = self.answers.get(first[1], 201)
        if status is not None:
            writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        writer.close()


@asynccontextmanager
async def push_service() -> AsyncIterator[PushService]:
    service = PushService()
    server = await asyncio.start_server(service.serve, "127.0.0.1", 0)
    service.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield service


def _hkdf(salt: bytes, info: bytes, length: int, secret: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)


def _encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
