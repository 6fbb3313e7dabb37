"""Meanings where they are needed: in a web process for what is asked, in a process of its own for what is
kept.

A worker that embeds would keep the libraries' memory for good; its helper ends when nothing was to be done
for a while, and an idle installation is as small as before.
"""

import asyncio
import contextlib
import sys
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache, partial
from pathlib import Path
from typing import Final, TypeAlias, cast

import msgspec
import structlog

from threadly.modules.search import embedding
from threadly.modules.search.embedding import Model, load_model

__all__ = ["Asker", "Embedder", "EmbedderFailed", "MeaningOf", "asker", "embedder"]

log = structlog.get_logger(__name__)

PROGRAM: Final = Path(embedding.__file__)
IDLE_S: Final = 30.0
BATCH_TIMEOUT_S: Final = 60.0
# A thousand meanings are a line of two megabytes.
LONGEST_LINE: Final = 64 * 1024 * 1024
# How long the first question waits for the model; then it is answered by words only.
LOADING_PATIENCE_S: Final = 0.25
MOST_REMEMBERED: Final = 1_000


MeaningOf: TypeAlias = Callable[[str], str]
"""The meaning of a question as pgvector writes it; empty if it has none."""


class EmbedderFailed(Exception):
    """The helper ended or said nothing in time; what it was to do can be asked again."""


class Asker:
    """The meaning of questions, in this process. The model is loaded with the first one, in a thread."""

    def __init__(self) -> None:
        self._loading: Future[Model | None] | None = None

    async def ready(self, *, patience_s: float = LOADING_PATIENCE_S) -> MeaningOf | None:
        """Tells the meaning of a question; None while the model is being loaded, and where there is none."""
        if self._loading is None:
            self._loading = ThreadPoolExecutor(1, thread_name_prefix="search-model").submit(_load)
        if not self._loading.done():
            await asyncio.wait({asyncio.wrap_future(self._loading)}, timeout=patience_s)
        model = self._loading.result() if self._loading.done() else None
        # It takes some tens of microseconds: less than handing it to a thread.
        return partial(_embed_one, cast(Hashable, model)) if model else None


def _load() -> Model | None:
    try:
        return load_model()
    except (ImportError, OSError):
        log.warning("the search goes by words only: the model of meanings cannot be loaded", exc_info=True)
        return None


@lru_cache(maxsize=MOST_REMEMBERED)
def _embed_one(model: Hashable, question: str) -> str:
    (meaning,) = cast(Model, model).embed([question])
    return meaning


class Embedder:
    """One helper process at a time, started when needed."""

    def __init__(self, *, idle_s: float = IDLE_S) -> None:
        self._idle_s = idle_s
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._ending: asyncio.TimerHandle | None = None

    async def embed(self, texts: list[str]) -> list[str]:
        """As `Model.embed`. Raises EmbedderFailed."""
        async with self._turn:
            self._stay()
            try:
                async with asyncio.timeout(BATCH_TIMEOUT_S):
                    return await self._ask(texts)
            except (OSError, TimeoutError, ValueError, msgspec.DecodeError) as error:
                self.end()
                raise EmbedderFailed from error
            finally:
                self._end_later()

    def end(self) -> None:
        """The helper, if there is one, ends."""
        self._stay()
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            self._process = None

    async def stop(self) -> None:
        """As `end`; when this returns the helper is gone."""
        process = self._process
        self.end()
        if process is not None:
            await process.wait()

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def _ask(self, texts: list[str]) -> list[str]:
        process = await self._started()
        assert process.stdin
        assert process.stdout
        process.stdin.write(msgspec.json.encode(texts) + b"\n")
        await process.stdin.drain()
        return msgspec.json.decode(await process.stdout.readline(), type=list[str])

    async def _started(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            # -P: beside the program are files that have names of the standard library.
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", str(PROGRAM)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=LONGEST_LINE,
            )
        return self._process

    def _stay(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None

    def _end_later(self) -> None:
        if self._process is not None:
            self._ending = asyncio.get_running_loop().call_later(self._idle_s, self.end)


# One of each per process: the second question finds what the first has loaded.
asker: Final = Asker()
embedder: Final = Embedder()
