"""Access tokens: what is good, and every way in which one is not."""

import asyncio
import base64
import hmac
import json
import time
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tests.cast import sign_in, sign_up
from tests.conftest import eventually
from tests.modules.identity.people import actor_of
from threadly.modules import identity
from threadly.modules.identity import access_tokens
from threadly.modules.identity.authentication import TokenChecker
from threadly.modules.identity.verbs.signing import get_signing_key, rotate_when_due
from threadly.platform.actor import Denied
from threadly.platform.db import sql
from threadly.platform.ids import new_id
from threadly.platform.work import ANONYMOUS, SYSTEM, Actor, Reading, Tenant, Work, Works


@pytest.fixture
def elsewhere(works: Works) -> Works:
    """Another process on the same database: it has cached nothing yet."""
    return Works(works.database, works.settings)


@pytest.fixture
async def ada(works: Works, tenant: Tenant) -> Actor:
    return await sign_up(works, tenant, "ada")


class CountingWorks(Works):
    """Counts how often somebody reads."""

    reads = 0

    def read(self, tenant: Tenant, actor: Actor = ANONYMOUS, *, fresh: bool = False) -> Reading:
        self.reads += 1
        return super().read(tenant, actor, fresh=fresh)


async def check(works: Works, tenant: Tenant, token: str) -> Actor:
    return await identity.authenticate(works, tenant, bearer=token, session=None)


def at(works: Works, moment: datetime) -> Works:
    return Works(works.database, works.settings, clock=lambda: moment)


def segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def claims_of(token: str) -> dict[str, object]:
    middle = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4))))


async def test_nobody_is_anonymous(works: Works, tenant: Tenant) -> None:
    assert await identity.authenticate(works, tenant, bearer=None, session=None) == ANONYMOUS


async def test_a_token_names_the_member_the_session_and_what_they_may(works: Works, tenant: Tenant) -> None:
    mona = await sign_up(works, tenant, "mona")
    actor = await actor_of(works, tenant, await sign_in(works, tenant, mona))
    assert actor.me == mona.me
    assert actor.may("feed.moderate")
    assert not actor.may("identity.manage_users")


async def test_a_token_is_checked_without_a_query_once_the_keys_are_known(
    works: Works, tenant: Tenant, ada: Actor
) -> None:
    token = (await sign_in(works, tenant, ada)).access_token
    counting = CountingWorks(works.database, works.settings)
    checker = TokenChecker(counting, steady_s=lambda: 0.0)
    for _ in range(3):
        assert (await checker.check(tenant, token)).me == ada.me
    assert counting.reads == 1


async def test_what_is_known_is_renewed_before_anybody_must_wait(
    works: Works, tenant: Tenant, ada: Actor
) -> None:
    token = (await sign_in(works, tenant, ada)).access_token
    counting = CountingWorks(works.database, works.settings)
    clock = [0.0]
    checker = TokenChecker(counting, steady_s=lambda: clock[0])
    for moment_s, reads in ((0.0, 1), (0.4, 1), (0.6, 2), (1.05, 2), (1.2, 3), (5.0, 4)):
        clock[0] = moment_s
        await checker.check(tenant, token)

        async def renewed(reads: int = reads) -> bool:
            return counting.reads == reads and not checker.is_renewing

        await eventually(renewed)


async def test_an_expired_token_says_that_it_expired(works: Works, tenant: Tenant, ada: Actor) -> None:
    early = at(works, datetime.now(UTC) - timedelta(minutes=16))
    with pytest.raises(identity.TokenExpired):
        await actor_of(works, tenant, await sign_in(early, tenant, ada))


async def test_a_remembered_token_expires_too(works: Works, tenant: Tenant, ada: Actor) -> None:
    token = (await sign_in(works, tenant, ada)).access_token
    now_s = time.time()
    checker = TokenChecker(works, wall_s=lambda: now_s)
    assert await checker.check(tenant, token)
    now_s += 15 * 60
    with pytest.raises(identity.TokenExpired):
        await checker.check(tenant, token)


async def test_a_token_from_the_future_is_refused(works: Works, tenant: Tenant, ada: Actor) -> None:
    later = at(works, datetime.now(UTC) + timedelta(minutes=5))
    with pytest.raises(identity.TokenInvalid):
        await actor_of(works, tenant, await sign_in(later, tenant, ada))


async def test_a_forged_token_is_refused(works: Works, tenant: Tenant, ada: Actor) -> None:
    token = (await sign_in(works, tenant, ada)).access_token
    header, payload, signature = token.split(".")
    claims = claims_of(token)
    kid = str(access_tokens.key_id_of(token))
    flipped = ("B" if signature[5] == "A" else "A").join((signature[:5], signature[6:]))
    admin = segment({**claims, "roles": ["admin"]})
    forgeries = {
        "another signature": f"{header}.{payload}.{flipped}",
        "other claims": f"{header}.{admin}.{signature}",
        "no algorithm": f"{segment({'alg': 'none', 'kid': kid})}.{payload}.",
        "no algorithm, cased": f"{segment({'alg': 'nOnE', 'kid': kid})}.{payload}.{signature}",
        "another algorithm": f"{segment({'alg': 'HS256', 'kid': kid})}.{payload}.{signature}",
        "no signature": f"{header}.{payload}.",
        "a key of its own": f"{segment({'alg': 'EdDSA', 'kid': kid, 'jwk': {}})}.{payload}.{signature}",
        "no key": f"{segment({'alg': 'EdDSA'})}.{payload}.{signature}",
        "an unknown key": f"{segment({'alg': 'EdDSA', 'kid': str(new_id())})}.{payload}.{signature}",
        "a key like SQL": f"{segment({'alg': 'EdDSA', 'kid': chr(39) + ' OR 1=1'})}.{payload}.{signature}",
        "nothing": "",
        "dots": "..",
        "not base64": "ä.ö.ü",
        "broken base64": f"{header[:-1]}.{payload}.{signature}",
        "too long": f"{header}.{payload}.{signature}" + "A" * 5000,
    }
    for name, forged in forgeries.items():
        with pytest.raises(identity.TokenInvalid) as refused:
            await check(works, tenant, forged)
        assert not isinstance(refused.value, identity.TokenExpired), name
    assert (await check(works, tenant, token)).me == ada.me


async def test_a_token_signed_with_hmac_over_the_public_key_is_refused(
    works: Works, tenant: Tenant, ada: Actor
) -> None:
    token = (await sign_in(works, tenant, ada)).access_token
    async with works.write(tenant, SYSTEM) as work:
        signing = await get_signing_key(work)
    signed = f"{segment({'alg': 'HS256', 'kid': str(signing.id)})}.{segment(claims_of(token))}"
    for public in (signing.key.as_bytes(private=False), signing.key.public_key.public_bytes_raw()):
        mac = base64.urlsafe_b64encode(hmac.digest(public, signed.encode(), "sha256")).decode().rstrip("=")
        with pytest.raises(identity.TokenInvalid):
            await check(works, tenant, f"{signed}.{mac}")


async def test_a_token_of_one_community_is_not_good_in_another(
    works: Works, tenant: Tenant, other_tenant: Tenant, ada: Actor
) -> None:
    token = (await sign_in(works, tenant, ada)).access_token
    assert await check(works, tenant, token)
    with pytest.raises(identity.TokenInvalid):
        await check(works, other_tenant, token)


async def test_even_with_the_right_key_a_token_for_another_community_is_refused(
    works: Works, tenant: Tenant, other_tenant: Tenant
) -> None:
    async with works.write(tenant, SYSTEM) as work:
        signing = await get_signing_key(work)
        foreign = access_tokens.mint(
            works.settings,
            other_tenant,
            key=signing.key,
            key_id=signing.id,
            user_id=new_id(),
            session_id=new_id(),
            roles=("admin",),
            now=work.now,
        )
    with pytest.raises(identity.TokenInvalid):
        await check(works, tenant, foreign)


async def test_a_rotated_key_signs_and_the_old_one_still_verifies(
    works: Works, elsewhere: Works, tenant: Tenant, ada: Actor
) -> None:
    old = (await sign_in(works, tenant, ada)).access_token
    assert await check(elsewhere, tenant, old)
    async with works.write(tenant, SYSTEM) as work:
        await identity.rotate_signing_key(work)
    new = (await sign_in(works, tenant, ada)).access_token
    assert access_tokens.key_id_of(new) != access_tokens.key_id_of(old)
    for process in (works, elsewhere):
        assert (await check(process, tenant, new)).me == ada.me, "learned of the key without a restart"
        assert (await check(process, tenant, old)).me == ada.me


async def test_a_distrusted_key_ends_its_tokens(
    works: Works, elsewhere: Works, tenant: Tenant, ada: Actor
) -> None:
    old = await sign_in(works, tenant, ada)
    async with works.write(tenant, SYSTEM) as work:
        await identity.rotate_signing_key(work, distrust_old=True)
    with pytest.raises(identity.TokenInvalid):
        await check(elsewhere, tenant, old.access_token)


async def test_many_forged_keys_cost_few_queries(works: Works, tenant: Tenant, ada: Actor) -> None:
    token = (await sign_in(works, tenant, ada)).access_token
    await check(works, tenant, token)
    _, payload, signature = token.split(".")
    counting = CountingWorks(works.database, works.settings)
    forged = [f"{segment({'alg': 'EdDSA', 'kid': str(new_id())})}.{payload}.{signature}" for _ in range(50)]
    refused = await asyncio.gather(
        *(check(counting, tenant, each) for each in forged), return_exceptions=True
    )
    assert all(isinstance(each, identity.TokenInvalid) for each in refused)
    assert counting.reads <= 3


async def test_a_key_is_rotated_when_it_has_served_ninety_days(works: Works, tenant: Tenant) -> None:
    async def key_id(work: Work) -> object:
        await rotate_when_due(work)
        return (await get_signing_key(work)).id

    now = datetime.now(UTC)
    seen = [
        await at(works, now + timedelta(days=days)).attempt(tenant, SYSTEM, key_id)
        for days in (0, 89, 90, 91)
    ]
    assert seen[0] == seen[1] != seen[2] == seen[3]


async def test_only_operators_rotate_keys(works: Works, tenant: Tenant, ada: Actor) -> None:
    with pytest.raises(Denied):
        async with works.write(tenant, ada) as work:
            await identity.rotate_signing_key(work)


async def test_with_another_secret_key_old_tokens_are_good_and_a_new_key_signs(
    works: Works, tenant: Tenant, ada: Actor
) -> None:
    before = await sign_in(works, tenant, ada)
    changed = msgspec.structs.replace(works.settings, secret_key="another secret, just as long as the first")
    restarted = Works(works.database, changed)
    after = await sign_in(restarted, tenant, ada)
    assert access_tokens.key_id_of(after.access_token) != access_tokens.key_id_of(before.access_token)
    for each in (before, after):
        assert (await actor_of(restarted, tenant, each)).me == ada.me


async def test_private_keys_are_not_in_the_database(works: Works, tenant: Tenant) -> None:
    async with works.write(tenant, SYSTEM) as work:
        signing = await get_signing_key(work)
        row = await work.one(
            sql("test.row", "SELECT row_to_json(k)::text FROM identity.signing_keys k", into=str)
        )
    assert signing.key.private_key is not None
    assert signing.key.private_key.private_bytes_raw().hex() not in str(row)


async def test_the_first_two_sign_ins_of_a_community_agree_on_a_key(works: Works, tenant: Tenant) -> None:
    async def key_id(work: Work) -> object:
        return (await get_signing_key(work)).id

    ids = await asyncio.gather(*(works.attempt(tenant, SYSTEM, key_id) for _ in range(4)))
    assert len(set(ids)) == 1
