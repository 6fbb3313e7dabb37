"""Objects on the local disk and in an S3 server: the same promises"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.platform.s3_server import ACCESS_KEY, SECRET_KEY, s3_server
from threadly.platform.storage import ObjectMissing, Storage, StorageUnavailable
from threadly.settings import BadSetting, Settings, read_settings

CONTENT = bytes(range(256)) * 4_000


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with s3_server(tmp_path_factory.mktemp("s3")) as address:
        yield Settings(
            storage_url=f"s3+{address}/pictures/of/tests",
            storage_access_key=ACCESS_KEY,
            storage_secret_key=SECRET_KEY,
        )


@pytest.fixture(params=["local", "remote"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "remote":
        return Storage(request.getfixturevalue("remote"))
    return Storage(Settings(home=tmp_path))


async def test_what_is_put_is_there_until_it_is_deleted(storage: Storage) -> None:
    await storage.check()
    await storage.put("1/a/main", CONTENT, content_type="image/webp")
    await storage.put("1/b/main", b"another", content_type="image/jpeg")
    found = await storage.get("1/a/main")
    assert (found.size, await found.read()) == (len(CONTENT), CONTENT)
    in_parts = [chunk async for chunk in (await storage.get("1/a/main")).chunks]
    assert b"".join(in_parts) == CONTENT

    await storage.delete(["1/a/main", "1/a/never-there"])
    await storage.delete([])
    with pytest.raises(ObjectMissing):
        await storage.get("1/a/main")
    assert await (await storage.get("1/b/main")).read() == b"another"


async def test_what_is_large_is_put_in_parts_and_is_there_whole_or_not_at_all(storage: Storage) -> None:
    size = 12 * len(CONTENT)

    async def chunks(until: int) -> AsyncIterator[bytes]:
        for number in range(until):
            yield CONTENT
            if number == 8:
                raise OSError("The sender is gone.")

    with pytest.raises(StorageUnavailable):
        await storage.put_parts("1/d/main", chunks(12), size=size, content_type="application/zip")
    with pytest.raises(ObjectMissing):
        await storage.get("1/d/main")
    await storage.put_parts("1/d/main", chunks(8), size=8 * len(CONTENT), content_type="application/zip")
    assert await (await storage.get("1/d/main")).read() == 8 * CONTENT
    await storage.put_parts("1/e/main", chunks(1), size=len(CONTENT), content_type="text/plain")
    assert (await storage.get("1/e/main")).size == len(CONTENT)


async def test_a_store_that_does_not_know_us_is_unavailable(remote: Settings) -> None:
    stranger = Storage(replace(remote, storage_secret_key="another"))
    for act in (stranger.check(), stranger.put("1/c/main", b"c", content_type="image/webp")):
        with pytest.raises(StorageUnavailable) as refused:
            await act
        assert "another" not in refused.value.message


async def test_a_store_that_is_away_is_unavailable_soon(tmp_path: Path) -> None:
    away = Settings(
        storage_url="s3+http://127.0.0.1:9/pictures", storage_access_key="k", storage_secret_key="s"
    )
    (tmp_path / "file").write_text("no folder")
    for storage in (Storage(away), Storage(Settings(home=tmp_path / "file"))):
        with pytest.raises(StorageUnavailable):
            await storage.get("1/a/main")


@pytest.mark.parametrize(
    "url", ["/var/pictures", "s3://", "s3+https://host", "s3+https://key:secret@host/bucket", "ftp://host/x"]
)
def test_an_address_of_no_store_stops_the_start(url: str) -> None:
    with pytest.raises(BadSetting, match="THREADLY_STORAGE_URL"):
        read_settings({"THREADLY_STORAGE_URL": url}, dotenv=None)


async def test_a_folder_of_ones_own_is_used(tmp_path: Path) -> None:
    folder = tmp_path / "my pictures"
    settings = read_settings({"THREADLY_STORAGE_URL": folder.as_uri()}, dotenv=None)
    await Storage(settings).put("1/a/main", b"here", content_type="image/webp")
    assert (folder / "1" / "a" / "main").read_bytes() == b"here"
