"""The page as somebody at a browser meets it, against a server that keeps the page's contract with a scripted world."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect

from playground.screenshots import CHROMIUM_ARGUMENTS, find_chromium
from tests.playground.web.scripted_server import WEB, ScriptedServer
from tests.playground.web.scripted_world import ADMIN, FRED, GENERAL, PAULA, PLUS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
]
DESK, PHONE = (1440, 900), (390, 844)


@asynccontextmanager
async def opened(
    *, size: tuple[int, int] = DESK, tour: bool = False, errors: list[str] | None = None
) -> AsyncGenerator[tuple[ScriptedServer, Page]]:
    """The page in a browser, its tour left unless it is asked for. Whatever the page complained of is in `errors`."""
    async with ScriptedServer(pace=0.03) as server, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        width, height = size
        context = await browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark", reduced_motion="reduce"
        )
        context.set_default_timeout(8000)
        tab = await context.new_page()
        found: list[str] = [] if errors is None else errors
        tab.on("pageerror", lambda error: found.append(str(error)))
        tab.on("console", lambda line: found.append(line.text) if line.type == "error" else None)
        await tab.goto(server.url)
        await tab.locator("body[data-ready]").wait_for()
        if not tour:
            await tab.get_by_role("button", name="Skip tour").click()
        yield server, tab
        await browser.close()
        assert found == [], "the page complained"


async def become(tab: Page, name: str) -> None:
    await tab.locator(".me-button").click()
    await tab.get_by_role("menuitemradio", name=name).click()
    await expect(tab.locator(".me-words strong")).to_have_text(name)


async def go_to(tab: Page, channel: str) -> None:
    await tab.locator(".channel", has_text=channel).click()
    await expect(tab.locator(".title-words")).to_contain_text(channel)


def field(tab: Page) -> Locator:
    return tab.locator(".composer-field")


def messages(tab: Page) -> Locator:
    return tab.locator(".message")


def sent(server: ScriptedServer, what: str) -> list[dict[str, Any]]:
    return [body for body in server.done if body["do"] == what]


async def test_the_tour_shows_a_role_turn_into_access_and_is_resumed_where_it_was_left() -> None:
    async with opened(tour=True) as (_, tab):
        card = tab.get_by_role("region", name="Guided tour")
        show, on = card.get_by_role("button", name="Show me"), card.get_by_role("button", name="Next")
        await expect(card).to_be_focused()
        await show.click()  # be Fred
        await expect(tab.locator(".me-words strong")).to_have_text("Fred")
        await show.click()  # the command is filled in; sending it is the visitor's
        await tab.keyboard.press("Enter")
        await expect(card).to_have_class(re.compile("complete"))
        await on.click()
        await expect(card.get_by_role("heading")).to_have_text("Ask for more than you may")

        await card.get_by_role("button", name="Skip tour").press("Escape")
        await expect(card).to_be_hidden()
        await tab.reload()
        await tab.get_by_role("button", name="Resume tour").click()
        await expect(card.get_by_text("Step 2 of 5", exact=True)).to_be_visible()

        await show.click()
        await tab.keyboard.press("Enter")
        await tab.get_by_text("Plus is not part of your access").wait_for()
        await on.click()
        key = tab.locator('[data-person="Fred"] .key-card')
        await expect(key.locator(".tier")).to_have_text("free")
        masked = await key.locator("code").inner_text()
        await tab.get_by_role("switch", name="Plus role of Fred").click()
        await expect(key.locator(".tier")).to_have_text("plus")
        await expect(key).to_have_class(re.compile("lit-tier"))
        await expect(key.locator("code")).to_have_text(masked)
        await show.click()
        await tab.keyboard.press("Enter")
        await expect(card).to_have_class(re.compile("complete"))
        await on.click()
        await show.click()  # opens the newest thread
        await expect(tab.locator(".title-words")).to_have_text("And now?")
        await show.click()
        await tab.keyboard.press("Enter")
        await expect(card).to_have_class(re.compile("complete"))
        await on.click()
        await tab.get_by_role("button", name="What happens to Fred").click()
        await tab.get_by_role("menuitem", name="Leave the server").click()
        await expect(key).to_have_class(re.compile("revoked"))
        await tab.get_by_role("heading", name="You are in no server").wait_for()
        await card.get_by_role("button", name="Finish").click()
        await expect(card.get_by_role("heading")).to_have_text("Roles became access")
        await card.get_by_role("button", name="Done").click()
        await tab.get_by_role("button", name="Come back to Rolekey HQ").click()
        await expect(tab.locator(".title-words")).to_have_text("general")


async def test_script_stays_text_and_no_other_host_is_asked_for_anything() -> None:
    async with opened() as (server, tab):
        asked: list[str] = []
        tab.on("request", lambda request: asked.append(request.url))
        await tab.reload()
        await go_to(tab, "showcase")
        await expect(messages(tab).locator(".content", has_text="Script stays text:")).to_contain_text("<script>")
        await expect(tab.locator(".embed-title")).to_contain_text("<img src=x")
        await expect(tab.locator(".file-card")).to_contain_text("conversation.md")
        await tab.locator(".picture img").scroll_into_view_if_needed()
        assert (
            await tab.locator(".picture img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 320
        )
        assert await tab.title() == "#showcase · Rolekey playground"
        assert await tab.locator("img[src='x'], .message script, a[href^='javascript']").count() == 0
        origin = server.url.partition("/?")[0]
        assert len(asked) > 20
        assert [url for url in asked if not url.startswith((origin, origin.replace("http", "ws", 1)))] == []


async def test_a_command_is_written_with_the_keyboard_alone() -> None:
    async with opened() as (server, tab):
        await field(tab).press_sequentially("/as")
        assert await tab.get_by_role("option").all_inner_texts() == [
            "/ask\nprompt\ntier\nprivate\nfile\nAsk a question; the answer comes in a thread of your own\nRolekey"
        ]
        await tab.keyboard.press("Enter")
        await tab.keyboard.press("Enter")
        await tab.get_by_text("This option is required. Specify a value.").wait_for()
        assert sent(server, "slash") == []
        await tab.keyboard.type("Why?")
        await tab.keyboard.press("Tab")  # on to what can be left out
        await expect(tab.locator(".more-options")).to_be_focused()
        await tab.keyboard.press("Enter")
        await expect(tab.locator('[data-option="tier"]')).to_be_focused()
        await tab.keyboard.press("ArrowDown")
        await tab.keyboard.press("Enter")
        await expect(tab.locator('[data-option="tier"]')).to_have_value("plus")
        await tab.keyboard.press("Enter")
        await tab.locator(".only-you, .thread-card").first.wait_for()
        assert sent(server, "slash")[0]["options"] == [
            {"name": "prompt", "type": 3, "value": "Why?"},
            {"name": "tier", "type": 3, "value": "plus"},
        ]

        await field(tab).press_sequentially("/access tier")
        await tab.keyboard.press("Enter")
        await tab.keyboard.type("pl")
        await tab.keyboard.press("Enter")
        await tab.keyboard.type("fr")
        await tab.keyboard.press("Enter")
        await tab.keyboard.press("Enter")
        await expect(field(tab)).to_be_focused()
        inner = [{"name": "role", "type": 8, "value": PLUS}, {"name": "tier", "type": 3, "value": "free"}]
        assert sent(server, "slash")[1]["options"] == [{"name": "tier", "type": 1, "options": inner}]

        await field(tab).press_sequentially("/followup")
        await tab.keyboard.press("Enter")
        await tab.keyboard.type("And?")
        await tab.keyboard.press("Tab")
        await tab.keyboard.press("Enter")
        await tab.keyboard.type("fr")
        await tab.get_by_role("option", name="Greeting in French").wait_for()
        assert await tab.get_by_role("option").count() == 1
        await tab.keyboard.press("Enter")
        await tab.keyboard.press("Enter")
        await expect(field(tab)).to_be_focused()
        assert sent(server, "slash")[2]["options"][1]["value"] == "id-Greeting in French"

        await field(tab).press_sequentially("/silent")
        await tab.keyboard.press("Enter")
        await tab.keyboard.press("Enter")
        unanswered = messages(tab).filter(has_text="The application did not respond")
        await unanswered.get_by_role("button", name="Dismiss message").click()
        await expect(unanswered).to_have_count(0)


async def test_an_answer_streams_into_one_message_is_read_out_once_and_a_refusal_is_for_one_alone() -> None:
    async with opened() as (server, tab):
        await become(tab, "Fred")
        server.world.start_thread(server.world.find(server.world.messages[GENERAL][0]["id"]), "Greeting")
        await go_to(tab, "Greeting")
        await field(tab).fill("How?")
        await tab.keyboard.press("Enter")
        answer = messages(tab).filter(has_text="To greet somebody").or_(messages(tab).filter(has_text="Then call it"))
        await expect(answer.locator(".hl-keyword").first).to_be_visible()
        await expect(answer.get_by_role("button", name="Follow up")).to_be_visible()
        await expect(answer).to_have_count(1)
        await expect(answer.locator(".edited")).to_have_text(" (edited)")
        read_out = tab.get_by_role("log", name="New messages").locator("p", has_text="Rolekey")
        await expect(read_out).to_have_count(1)
        await expect(read_out).to_contain_text("Then call it")

        await go_to(tab, "general")
        server.world.post(GENERAL, FRED, "Only for you", only=FRED)
        hint = messages(tab).filter(has_text="Only you can see this")
        await expect(hint).to_have_count(1)
        await become(tab, "Paula")
        await expect(messages(tab).first).to_be_visible()
        await expect(hint).to_have_count(0)
        await become(tab, "Fred")
        await hint.get_by_role("button", name="Dismiss message").click()
        await expect(hint).to_have_count(0)
        await tab.reload()
        await expect(messages(tab).first).to_be_visible()
        await expect(hint).to_have_count(0)


async def test_buttons_selects_forms_and_menus_work_by_keyboard_and_give_the_focus_back() -> None:
    async with opened() as (server, tab):
        await become(tab, "Fred")
        await go_to(tab, "showcase")
        await tab.get_by_role("button", name="Fails").click()
        await tab.get_by_text("This interaction failed").wait_for()

        select = tab.get_by_role("combobox", name="Choose two colours")
        await select.press("ArrowDown")
        for key in ("Enter", "ArrowDown", "ArrowDown", "Enter", "Escape"):
            await tab.keyboard.press(key)
        await tab.get_by_text("Chosen: red, blue").wait_for()
        await select.press("Escape")

        await tab.get_by_role("button", name="Follow up").press("Enter")
        form = tab.get_by_role("dialog", name="Follow up")
        prompt = form.get_by_label("What do you want to know next?")
        await expect(prompt).to_be_focused()
        await form.get_by_role("button", name="Submit").click()
        await form.get_by_text("Write something here.").wait_for()
        await prompt.fill("And then?")
        await form.get_by_role("combobox").click()
        await tab.get_by_role("option", name="plus").click()
        await form.get_by_role("button", name="Submit").click()
        await expect(form).to_have_count(0)
        assert sent(server, "submit")[0]["components"] == [
            {"custom_id": "prompt", "value": "And then?"},
            {"custom_id": "tier", "values": ["plus"]},
        ]
        await expect(tab.get_by_role("button", name="Follow up")).to_be_focused()

        mine = messages(tab).filter(has=tab.locator(".content", has_text="I see."))
        await mine.focus()
        await tab.keyboard.press("Enter")
        await tab.get_by_role("menuitem", name="Ask about this message").press("Escape")
        await expect(mine).to_be_focused()
        await tab.keyboard.press("Enter")
        await tab.get_by_role("menuitem", name="Ask about this message").press("Enter")
        await tab.get_by_text("About that message").wait_for()
        [asked] = sent(server, "context")
        assert server.world.find(asked["target_id"])["content"] == "I see."

        await mine.click(button="right")
        await tab.get_by_role("menuitem", name="Reply").click()
        await tab.keyboard.type("Me too")
        await tab.keyboard.press("Enter")
        await expect(messages(tab).last.locator(".origin")).to_contain_text("Fred")
        assert sent(server, "send")[0]["reply_to"] == asked["target_id"]
        await mine.hover()
        await mine.get_by_role("button", name="More actions").click()
        await tab.get_by_role("menuitem", name="Delete message").click()
        await tab.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await expect(mine).to_have_count(0)


async def test_the_panel_breaks_things_and_shows_what_that_does_and_a_lost_line_is_mended() -> None:
    async with opened() as (server, tab):
        gateway = tab.get_by_role("switch", name="Gateway reachable")
        await gateway.press("Space")
        await expect(gateway).not_to_be_checked()
        await expect(gateway).to_be_focused()
        await tab.get_by_role("radio", name="Fine").press("ArrowLeft")
        await expect(tab.get_by_role("radio", name="Failing")).to_be_checked()
        await tab.get_by_role("switch", name="Plus role of Paula").click()
        await expect(tab.get_by_role("switch", name="Plus role of Paula")).not_to_be_checked()
        await tab.get_by_text("Paula has no longer Plus").wait_for()
        assert server.done[0] == {"do": "gateway", "up": False}
        assert server.done[1] == {"do": "upstream", "mode": "failing"}
        assert {**server.done[2], "as": ""} == {
            "do": "role", "as": "", "guild_id": "900000000000000001", "user_id": PAULA, "role_id": PLUS, "give": False,
        }  # fmt: skip

        await become(tab, "Fred")
        await field(tab).fill("/ask")
        await tab.keyboard.press("Enter")
        await tab.keyboard.type("Hello")
        await tab.keyboard.press("Enter")
        bar = tab.locator('[data-person="Fred"]').get_by_role("meter", name="Requests a minute")
        await expect(bar).to_have_attribute("aria-valuetext", "3 of 10")
        await tab.get_by_role("button", name="What happens to Fred").click()
        await tab.get_by_role("menuitem", name="Spend the budget").click()
        await expect(bar).to_have_attribute("aria-valuetext", "10 of 10")

        await server.drop_connections()
        server.world.post(GENERAL, PAULA, "Said while the line was down")
        await tab.get_by_text("Said while the line was down").wait_for()
        server.world.give_role(FRED, ADMIN, give=True)
        await expect(messages(tab).locator(".origin .author", has_text="Fred").first).to_have_css(
            "color", "rgb(241, 96, 92)"
        )


async def test_on_a_phone_everything_is_reached_and_nothing_is_wider_than_the_screen() -> None:
    async with opened(size=PHONE) as (_, tab):
        await tab.get_by_role("button", name="Channels").click()
        await go_to(tab, "showcase")
        await expect(tab.locator(".drawer")).to_be_hidden()
        await tab.get_by_role("button", name="Behind the scenes").click()
        await tab.get_by_role("button", name="Close the panel").click()
        await expect(tab.get_by_role("switch", name="Gateway reachable")).to_be_hidden()
        await field(tab).fill("/ask")
        await tab.keyboard.press("Enter")
        await tab.keyboard.type("a long question " * 8)
        await expect(tab.get_by_role("button", name="Send")).to_be_in_viewport(ratio=1)
        assert await tab.evaluate("document.scrollingElement.scrollWidth") <= PHONE[0]
        assert await tab.locator(".scroller").evaluate("element => element.scrollWidth - element.clientWidth") == 0


MARKDOWN = {
    "**bold** and *thin*": "<strong>bold</strong> and <em>thin</em>",
    "***both*** __under__ ~~gone~~": "<strong><em>both</em></strong> <u>under</u> <s>gone</s>",
    "snake_case_name and 2 * 3 * 4": "snake_case_name and 2 * 3 * 4",
    "_a_ \\*b\\* `*c*`": '<em>a</em> *b* <code class="code">*c*</code>',
    "a <b>c</b> & d": "a &lt;b&gt;c&lt;/b&gt; &amp; d",
    "> one\n> two\nthree": "<blockquote>one\ntwo</blockquote>three",
    "- a\n  - b\n- c": "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>",
    "3. a\n4. b": '<ol start="3"><li>a</li><li>b</li></ol>',
    "-# small": '<small class="subtext">small</small>',
    "#no heading": "#no heading",
    "[x](javascript:alert(1))": "[x](javascript:alert(1))",
    "<@1> <@12345>": '&lt;@1&gt; <span class="mention">@unknown-user</span>',
    "**open": "**open",
    "```py": "```py",
}


async def test_markdown_looks_as_on_discord_and_unclosed_marks_stay_text() -> None:
    async with opened() as (_, tab):
        rendered = await tab.evaluate(
            """async (texts) => {
                const { markdown } = await import("./js/markdown/render.js");
                const nobody = { user() {}, role() {}, channel() {} };
                return texts.map((text) => {
                    const box = document.createElement("div");
                    box.append(...markdown(text, nobody).flat(Infinity));
                    return box.innerHTML;
                });
            }""",
            list(MARKDOWN),
        )
        assert dict(zip(MARKDOWN, rendered, strict=True)) == MARKDOWN


def test_the_page_builds_no_html_from_text_and_every_vendored_file_has_its_licence() -> None:
    ours = [path for path in WEB.rglob("*.*") if "vendor" not in path.parts and path.suffix in {".js", ".html", ".css"}]
    assert len(ours) > 40
    for path in ours:
        text = path.read_text(encoding="utf-8")
        assert not re.search(
            r"\.(inner|outer)HTML|insertAdjacentHTML|document\.write|\beval\(|\bon\w+=\"|style=\"", text
        ), path
        assert len(text.splitlines()) < 400, path
        assert not re.search(r"url\(\"?https?:|import .*https?:", text), path
    vendored = {path.name for path in (WEB / "vendor").iterdir()}
    libraries = {name for name in vendored if not name.endswith(".LICENSE.txt")}
    assert len(vendored) == 2 * len(libraries)
