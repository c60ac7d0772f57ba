"""Who signs in through a proxy: counted by their own address where the proxy is trusted, by the proxy's where not."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.config import Gateway
from tests.gateway.conftest import Clock, config_in, running
from tests.gateway.web.browsing import Browser, Page, browser


async def guess(tab: Browser, csrf: str, forwarded: str, key: str = "rk-nonsense") -> Page:
    headers = {"Origin": tab.url, "Sec-Fetch-Site": "same-origin", "X-Forwarded-For": forwarded}
    return await tab.post("/sign-in", {"csrf": csrf, "key": key}, headers=headers)


async def test_behind_a_trusted_proxy_whoever_guesses_keeps_nobody_else_out(tmp_path: Path, clock: Clock) -> None:
    config = config_in(tmp_path, trusted_proxies=["127.0.0.1", "10.0.0.0/8"])
    async with running(config, clock) as gateway, browser(gateway.url) as tab:
        key, csrf = await gateway.make("mia"), (await tab.get("/sign-in")).csrf
        # What the caller writes itself stands before what the first proxy adds, and a second one is trusted, too.
        for number in range(20):
            assert (await guess(tab, csrf, f"198.51.100.{number}, 203.0.113.7, 10.1.2.3")).status == 401
        for same in ("203.0.113.7", "203.0.113.7:4711, 10.9.9.9", "::ffff:203.0.113.7", "8.8.8.8,203.0.113.7"):
            assert (await guess(tab, csrf, same, key)).status == 429, same
        for number in range(20):
            assert (await guess(tab, csrf, f"[2001:db8::{number}]:80")).status == 401
        assert (await guess(tab, csrf, "2001:db8:0:0:ffff::1", key)).status == 429
        # What is no address counts for nothing: then the nearest proxy that is known is who asks.
        for number in range(20):
            assert (await guess(tab, csrf, f"nonsense {number}, 10.1.2.3")).status == 401
        assert (await guess(tab, csrf, "unknown, 10.1.2.3", key)).status == 429
        for other in ("203.0.113.8", "2001:db8:0:1::1", "10.1.2.4"):
            assert (await guess(tab, csrf, other, "rk-nonsense")).status == 401, other
        assert (await guess(tab, csrf, "203.0.113.8", key)).status == 200


async def test_nobody_else_chooses_the_address_they_are_counted_by(tmp_path: Path, clock: Clock) -> None:
    for trusted in ([], ["10.0.0.0/8"]):
        config = config_in(tmp_path / str(len(trusted)), trusted_proxies=trusted)
        async with running(config, clock) as gateway, browser(gateway.url) as tab:
            csrf = (await tab.get("/sign-in")).csrf
            for number in range(20):
                assert (await guess(tab, csrf, f"203.0.113.{number}")).status == 401
            assert (await guess(tab, csrf, "203.0.113.99")).status == 429


async def test_a_trusted_proxy_or_the_public_address_says_that_cookies_are_for_tls_alone(
    tmp_path: Path, clock: Clock
) -> None:
    async def is_secure(name: str, headers: dict[str, str], **settings: Any) -> bool:
        async with running(config_in(tmp_path / name, **settings), clock) as gateway, browser(gateway.url) as tab:
            page = await tab.get("/sign-in", headers=headers)
            return "Secure" in page.headers["Set-Cookie"]

    https = {"X-Forwarded-Proto": "https"}
    assert await is_secure("trusted", https, trusted_proxies=["127.0.0.0/8"])
    assert not await is_secure("plain", {"X-Forwarded-Proto": "http"}, trusted_proxies=["127.0.0.0/8"])
    assert not await is_secure("untrusted", https)
    public: dict[str, Any] = {"public_url": "https://llm.example.org/rolekey"}
    assert await is_secure("public", {"Host": "llm.example.org"}, **public)
    assert not await is_secure("elsewhere", {"Host": "localhost"}, **public)


def test_a_setting_that_is_no_network_is_refused_in_words() -> None:
    for wrong in ("proxy.example.org", "10.0.0.1/8", ""):
        with pytest.raises(msgspec.ValidationError, match=r"addresses and networks, such as \"10.0.0.0/8\""):
            msgspec.convert({"trusted_proxies": [wrong]}, Gateway)
