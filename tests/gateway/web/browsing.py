"""Somebody with a browser that runs no script: keeps cookies, fills in forms, and says where requests come from."""

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import aiohttp
from yarl import URL


class Page(NamedTuple):
    status: int
    text: str
    headers: Mapping[str, str]
    url: URL

    @property
    def csrf(self) -> str:
        found = re.search(r'data-csrf="([^"]+)"', self.text)
        assert found, self.text[:300]
        return found[1]


class Browser:
    """One browser at one gateway."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self._session = session

    @property
    def cookie(self) -> str:
        """What the browser keeps."""
        return "; ".join(f"{cookie.key}={cookie.value}" for cookie in self._session.cookie_jar)

    async def get(self, path: str, *, follow: bool = True, headers: dict[str, str] | None = None) -> Page:
        return await self._ask("GET", path, follow=follow, headers=headers)

    async def post(
        self, path: str, data: dict[str, str], *, follow: bool = True, headers: dict[str, str] | None = None
    ) -> Page:
        """Send a form as the gateway's own page does, unless the headers say otherwise."""
        given = {"Origin": self.url, "Sec-Fetch-Site": "same-origin"} if headers is None else headers
        return await self._ask("POST", path, follow=follow, headers=given, data=data)

    @asynccontextmanager
    async def reply(
        self, body: dict[str, Any], *, csrf: str | None, headers: dict[str, str] | None = None
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        """Prompt as the page's script does; its stream as it comes."""
        given = {"Origin": self.url, "Sec-Fetch-Site": "same-origin"} if headers is None else headers
        token = {} if csrf is None else {"X-Rolekey-CSRF": csrf}
        async with self._session.post(f"{self.url}/reply", json=body, headers={**given, **token}) as response:
            yield response

    async def sign_in(self, key: str) -> Page:
        form = await self.get("/sign-in")
        return await self.post("/sign-in", {"csrf": form.csrf, "key": key})

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        follow: bool,
        headers: dict[str, str] | None,
        data: dict[str, str] | None = None,
    ) -> Page:
        async with self._session.request(
            method, self.url + path, data=data, headers=headers, allow_redirects=follow
        ) as response:
            return Page(response.status, await response.text(errors="replace"), response.headers, response.url)


@asynccontextmanager
async def browser(url: str) -> AsyncGenerator[Browser]:
    """A browser that is at nobody's yet."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield Browser(url, session)
