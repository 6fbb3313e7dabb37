"""How good the search is, held to what it has been."""

from tests.modules.search.golden import measure, settle
from threadly.platform.work import Tenant, Works


async def test_both_ways_together_find_more_than_each_alone(works: Works, tenant: Tenant) -> None:
    names = await settle(works, tenant)
    assert len(names) >= 150
    quality = await measure(works, tenant, names)
    assert quality.merged > max(quality.words, quality.meaning)
