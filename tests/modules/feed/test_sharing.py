"""What other sites learn of a public page: cards, canonical addresses, oEmbed"""

import re
from html import unescape
from urllib.parse import urlsplit
from xml.etree import ElementTree

import httpx
import pytest

from tests.cast import Visit
from tests.modules.feed.acts import comment, publish
from tests.modules.feed.test_media import upload
from threadly.modules import feed

HOSTILE = "Tea \"for two\" <script>alert(1)</script> & 'more' #tea"


def metas(html: str) -> dict[str, str]:
    found = re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)"', html)
    return {name: unescape(content) for name, content in found}


def canonical(html: str) -> str:
    (address,) = re.findall(r'<link rel="canonical" href="([^"]+)"', html)
    return unescape(address)


async def test_the_page_of_a_public_post_says_what_it_is(client: httpx.AsyncClient, alex: Visit) -> None:
    media_id = await upload(client, alex, alt="A <square>")
    made = await alex.write(lambda work: feed.publish_post(work, content=HOSTILE, media_ids=[media_id]))
    html = (await client.get(f"/posts/{made.id}")).text
    card = metas(html)
    site = str(client.base_url).rstrip("/").removesuffix(":80")
    assert urlsplit(canonical(html)).hostname == urlsplit(site).hostname
    assert canonical(html) == card["og:url"]
    assert card["og:url"].endswith(f"/posts/{made.id}")
    assert (card["og:type"], card["og:title"]) == ("article", f"Alex Smith on {alex.tenant.name}")
    assert card["og:description"] == HOSTILE
    assert (card["og:image:width"], card["og:image:alt"]) == ("60", "A <square>")
    assert card["twitter:card"] == "summary_large_image"
    assert (await client.get(urlsplit(card["og:image"]).path)).status_code == 200
    assert "<script>alert" not in html
    profile = metas((await client.get("/people/alexsmith")).text)
    assert (profile["og:type"], profile["profile:username"]) == ("profile", "alexsmith")
    assert profile["twitter:card"] == "summary"


@pytest.mark.parametrize("path", ["/", "/explore", "/trending", "/people", "/shop", "/tags/tea"])
async def test_what_a_community_shows_to_everybody_has_a_card(
    client: httpx.AsyncClient, alex: Visit, path: str
) -> None:
    html = (await client.get(path)).text
    card = metas(html)
    assert card["og:type"] == "website"
    assert card["og:title"]
    assert card["og:description"]
    assert urlsplit(card["og:url"]).path == urlsplit(canonical(html)).path == path


async def test_another_site_quotes_a_post(client: httpx.AsyncClient, alex: Visit) -> None:
    post_id = await publish(alex, HOSTILE)
    page = (await client.get(f"/posts/{post_id}")).text
    links = {
        kind: unescape(href)
        for kind, href in re.findall(
            r'type="(application/json\+oembed|text/xml\+oembed)" href="([^"]+)"', page
        )
    }
    discovered = {kind: urlsplit(href) for kind, href in links.items()}
    as_json = await client.get(f"/oembed?{discovered['application/json+oembed'].query}")
    assert as_json.status_code == 200
    assert as_json.headers["Content-Type"].startswith("application/json")
    said = as_json.json()
    assert (said["version"], said["type"], said["author_name"]) == ("1.0", "rich", "Alex Smith")
    assert said["provider_name"] == alex.tenant.name
    assert said["width"] > 0 < said["height"]
    assert said["html"].startswith("<blockquote")
    assert "<script" not in said["html"]
    assert "&lt;script&gt;" in said["html"]
    as_xml = await client.get(f"/oembed?{discovered['text/xml+oembed'].query}")
    assert as_xml.headers["content-type"] == "text/xml; charset=utf-8"
    assert as_xml.headers["Content-Type"].startswith("text/xml")
    root = ElementTree.fromstring(as_xml.content)  # our own document
    assert {each.tag: each.text for each in root} == {name: str(value) for name, value in said.items()}
    narrow = await client.get("/oembed", params={"url": canonical(page), "maxwidth": 200, "maxheight": 100})
    assert (narrow.json()["width"], narrow.json()["height"]) == (200, 100)
    again = await client.get(
        "/oembed", params={"url": canonical(page)}, headers={"If-None-Match": as_json.headers["ETag"]}
    )
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ({"url": "https://elsewhere.example/posts/{post}"}, 404),
        ({"url": "{site}/posts/{secret}"}, 404),
        ({"url": "{site}/people/alexsmith"}, 404),
        ({"url": "{site}/posts/nothing"}, 404),
        ({"url": "http://[/posts/{post}"}, 404),
        ({}, 404),
        ({"url": "{site}/posts/{post}", "format": "yaml"}, 501),
        ({"url": "{site}/posts/{post}", "maxwidth": "wide"}, 400),
        ({"url": "{site}/posts/{post}", "maxwidth": "-5"}, 400),
        ({"url": "{site}/posts/{comment}/", "dnt": "1"}, 200),
    ],
)
async def test_only_public_posts_of_this_site_are_quoted(
    client: httpx.AsyncClient, alex: Visit, parameters: dict[str, str], status: int
) -> None:
    post_id = await publish(alex)
    names = {
        "post": str(post_id),
        "secret": str(await publish(alex, "Secret", visibility="followers")),
        "comment": str(await comment(alex, post_id)),
    }
    names["site"] = canonical((await client.get(f"/posts/{post_id}")).text).partition("/posts/")[0]
    asked = {name: value.format(**names) for name, value in parameters.items()}
    assert (await client.get("/oembed", params=asked)).status_code == status
