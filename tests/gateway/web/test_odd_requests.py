"""Requests to the pages that no page of ours makes: refused in words, and never a failure of the gateway."""

import base64
import re
from collections.abc import AsyncGenerator

import aiohttp
import pytest
from yarl import URL

from tests.gateway.conftest import RunningGateway
from tests.gateway.web.browsing import Browser, browser

pytestmark = pytest.mark.usefixtures("either_engine")

FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=x"
NO_FORMS = (
    (f"{FORM}; charset=none-such", b"csrf=x"),
    (FORM, b"csrf=\xff&key=x"),
    (FORM, b"csrf=%ff"),
    (FORM, b"a=1&" * 5000),
    ("multipart/form-data", b"x"),
    (PARTS, b"x"),
    (PARTS, b"--x\r\nno header\r\n\r\nx\r\n--x--"),
    (PARTS, b"--x\r\nContent-Disposition: form-data; name=csrf\r\nContent-Transfer-Encoding: none\r\n\r\nx\r\n--x--"),
    (
        PARTS,
        b"--x\r\nContent-Disposition: form-data; name=csrf\r\nContent-Type: a/b; charset=none\r\n\r\nx\r\n--x--",
    ),
)


@pytest.fixture
async def mia(gateway: RunningGateway) -> AsyncGenerator[Browser]:
    key = await gateway.make("mia")
    async with browser(gateway.url) as tab:
        assert (await tab.sign_in(key)).status == 200
        yield tab


async def test_what_is_no_form_of_a_page_is_refused(gateway: RunningGateway) -> None:
    cookie = (await gateway.call("GET", "/sign-in")).headers["Set-Cookie"].partition(";")[0]
    for path in ("/sign-in", "/language", "/recall", "/reply", "/sign-out"):
        for content_type, body in NO_FORMS:
            headers = {"Cookie": cookie, "Content-Type": content_type, "Sec-Fetch-Site": "same-origin"}
            refused = await gateway.call("POST", path, data=body, headers=headers)
            assert refused.status in {400, 403}, (path, content_type, body[:40])
            assert "That did not work" in refused.body


async def test_days_at_the_ends_of_the_calendar_are_refused(gateway: RunningGateway, mia: Browser) -> None:
    for asked in ("to=0001-01-05", "from=9999-06-01&to=9999-12-31", "from=9999-12-30&to=9999-12-31"):
        page = await mia.get(f"/usage?{asked}")
        assert (page.status, 'role="alert"' in page.text) == (400, True), asked
        assert (await mia.get(f"/usage/figures.csv?{asked}")).status == 400, asked
    late = "from=9999-12-30&to=9999-12-31"
    for form in ("json", "csv"):
        refused = await gateway.call("GET", f"/api/usage?{late}&format={form}", key=gateway.admin_key)
        assert (refused.status, refused.code) == (400, "invalid_request")


async def test_an_invented_place_in_what_was_found_is_refused(gateway: RunningGateway) -> None:
    for place in (f"{2**63} ", f"-{2**70} ", f"{10**30} 0b1e8a6c-6f0a-4f6e-9d0e-3a7a3f6f8a10", "x "):
        cursor = base64.urlsafe_b64encode(f'[1,"{place}"]'.encode()).decode().rstrip("=")
        refused = await gateway.call("GET", f"/api/search?q=tea&cursor={cursor}", key=gateway.admin_key)
        assert (refused.status, refused.code) == (400, "invalid_request"), place


async def test_a_file_under_another_versions_address_is_kept_by_nobody(gateway: RunningGateway) -> None:
    page = await gateway.call("GET", "/sign-in")
    [own] = set(re.findall(r"static/(\w+)/js/main.js", page.body))
    for version, kept in ((own, True), ("0123456789ab", False)):
        file = await gateway.call("GET", f"/static/{version}/js/main.js")
        assert (file.status, "immutable" in file.headers["Cache-Control"]) == (200, kept), version


async def test_a_slash_that_an_address_hides_moves_no_link_out_of_a_proxys_folder(mia: Browser) -> None:
    async with aiohttp.ClientSession() as session:
        address = URL(f"{mia.url}/c/a%2Fb", encoded=True)
        async with session.get(address, headers={"Cookie": mia.cookie}) as response:
            text = await response.text()
    assert response.status == 404
    assert 'href="../static/' in text
    assert "../../" not in text
