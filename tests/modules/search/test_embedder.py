"""Where meanings come from: a helper that comes and goes, a model that is loaded with the first question."""

import asyncio

import msgspec
import pytest

from tests.conftest import eventually
from threadly.modules.search.embedder import Asker, Embedder, EmbedderFailed
from threadly.modules.search.embedding import DIMENSIONS


async def test_the_helper_ends_when_nothing_is_to_be_done_and_comes_back_when_it_was_killed() -> None:
    embedder = Embedder(idle_s=0.2)
    first = await embedder.embed(["wireless headphones", "", "🦦"])
    assert len(msgspec.json.decode(first[0], type=list[float])) == DIMENSIONS
    assert first[1] == ""
    assert embedder.running

    async def ended() -> bool:
        return not embedder.running

    await eventually(ended)
    again = Embedder()
    assert await again.embed(["wireless headphones"]) == first[:1]
    again.end()
    # Two who ask at once take turns.
    both = await asyncio.gather(again.embed(["wireless headphones"]), again.embed(["a", "b"]))
    assert [len(each) for each in both] == [1, 2]
    with pytest.raises(EmbedderFailed):
        await again.embed([3])  # type: ignore[list-item]  # what no text is ends the helper
    assert len(await again.embed(["c"])) == 1
    await again.stop()


async def test_the_first_question_does_not_wait_for_the_model() -> None:
    asker = Asker()
    assert await asker.ready(patience_s=0) is None
    meaning_of = await asker.ready(patience_s=10)
    assert meaning_of
    assert meaning_of("headphones") == meaning_of("Headphones")
    assert meaning_of("") == ""
