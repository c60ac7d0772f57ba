"""All of it by keyboard alone, with the focus always to be seen; and what somebody hears who does not see the page."""

import re
from pathlib import Path
from typing import Any

from playwright.async_api import Page, expect

from tests.fakes.upstream import Answer, FakeUpstream
from tests.gateway.chatting import chatting
from tests.gateway.web.chromium import PHONE, chromium, in_chromium, ready, sign_in
from tests.gateway.web.every_page import populated

_MOST_STOPS = 60

# What has the focus: its name as a screen reader says it, roughly, and whether one sees that it has it.
_FOCUSED = """() => {
  const it = document.activeElement, style = getComputedStyle(it);
  const frame = it.closest(".composer, .search"), probe = document.body.appendChild(document.createElement("a"));
  const link = getComputedStyle(probe).color;
  probe.remove();
  const framed = frame && getComputedStyle(frame).borderTopColor === link;
  const label = it.labels?.[0]?.textContent;
  const name = it.getAttribute("aria-label") ?? label ?? it.textContent;
  const box = it.getBoundingClientRect();
  return {
    name: name.replace(/\\s+/g, " ").trim(),
    outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0,
    framed: Boolean(framed),
    inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    body: it === document.body,
  };
}"""

# Notes each thing that the live regions come to say.
_LISTEN = """() => {
  globalThis.heard = [];
  new MutationObserver((changes) => {
    for (const change of changes) {
      const region = change.target.closest?.("#announcer");
      if (region?.textContent) globalThis.heard.push(region.textContent);
    }
  }).observe(document.body, { childList: true, subtree: true });
}"""


async def focused(tab: Page) -> dict[str, Any]:
    return await tab.evaluate(_FOCUSED)


async def go_to(tab: Page, name: str, key: str = "Tab") -> None:
    """Press a key until what has that name has the focus, and see the focus at each stop."""
    stops = list[str]()
    for _ in range(_MOST_STOPS):
        await tab.keyboard.press(key)
        at = await focused(tab)
        if not at["body"]:  # between the page's last stop and its first is the browser's own bar
            assert at["outlined"] or at["framed"], f"one does not see that {at['name']} has the focus"
            assert at["inside"], f"{at['name']} has the focus outside of what one sees"
        stops.append(at["name"])
        if at["name"] == name:
            return
    raise AssertionError(f"no way to {name} by {key}: {stops}")


async def press(tab: Page, name: str, key: str = "Tab") -> None:
    await go_to(tab, name, key)
    await tab.keyboard.press("Enter")


async def type_and_send(tab: Page, words: str) -> None:
    await tab.keyboard.type(words)
    await tab.keyboard.press("Enter")


@in_chromium
async def test_everything_is_done_by_keyboard_alone(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream) as room, chromium(room.server.url) as browser:
        await room.user("mia", plus=True)
        tab = await browser.new_page()
        await tab.goto("/")
        await type_and_send(tab, room.keys["mia"])
        await expect(tab).to_have_title("New conversation – Rolekey")
        await ready(tab)

        replies = tab.locator("article.assistant[data-id]")
        upstream.title = "Bread"
        await type_and_send(tab, "How do I bake bread?")
        await expect(replies).to_have_count(1)
        await type_and_send(tab, "And then?")
        await expect(replies).to_have_count(2)

        upstream.play(Answer(pieces=("Half of ", "it", "never"), pause_at=1))
        await type_and_send(tab, "Go on for ever")
        await expect(tab.locator(".live")).to_contain_text("Half of")
        await press(tab, "Stop")
        await expect(replies).to_have_count(3)
        await expect(replies.last).to_contain_text("broken off")
        assert (await focused(tab))["name"] == "Your prompt"

        await press(tab, "Answer again", "Shift+Tab")
        await expect(replies.last).to_contain_text("2 of 2")
        await press(tab, "Earlier version", "Shift+Tab")
        await expect(replies.last).to_contain_text("1 of 2")
        await ready(tab)

        await press(tab, "This conversation", "Shift+Tab")
        await press(tab, "Rename")
        assert (await focused(tab))["name"] == "Title"
        await tab.keyboard.press("Escape")
        await expect(tab.locator("#rename")).to_be_hidden()
        await expect(tab.get_by_role("button", name="Rename")).to_be_focused()
        await tab.keyboard.press("Escape")
        await expect(tab.locator("#conversation-menu")).to_be_hidden()
        assert (await focused(tab))["name"] == "This conversation"
        await tab.keyboard.press("Enter")
        await press(tab, "Rename")
        await tab.keyboard.press("Control+A")
        await type_and_send(tab, "Sourdough")
        await expect(tab.get_by_role("heading", level=1)).to_have_text("Sourdough")
        await ready(tab)

        await press(tab, "Your account", "Shift+Tab")
        await tab.keyboard.press("Escape")
        assert (await focused(tab))["name"] == "Your account"
        await press(tab, "This conversation")
        await press(tab, "Delete")
        await tab.keyboard.press("Enter")
        await expect(tab.get_by_role("heading", name="What do you want to know?")).to_be_visible()
        await ready(tab)
        await press(tab, "Your account", "Shift+Tab")
        await press(tab, "Sign out")
        await expect(tab.get_by_role("heading", name="Sign in to Rolekey")).to_be_visible()


@in_chromium
async def test_the_list_on_a_phone_takes_the_focus_and_gives_it_back(tmp_path: Path) -> None:
    async with populated(tmp_path) as scene, chromium(scene.url, PHONE) as browser:
        tab = await browser.new_page()
        await sign_in(tab, scene.key_of("user") or "")
        await ready(tab)
        button = tab.get_by_role("button", name="Conversations")
        await expect(button).to_have_attribute("aria-expanded", "false")
        await press(tab, "Conversations", "Shift+Tab")
        await expect(tab.locator("[data-act=open-drawer]")).to_have_attribute("aria-expanded", "true")
        for _ in range(12):
            await tab.keyboard.press("Tab")
            assert await tab.evaluate("!document.querySelector('#main').contains(document.activeElement)")
        await tab.keyboard.press("Escape")
        await expect(tab.locator("#drawer")).to_be_hidden()
        assert (await focused(tab))["name"] == "Conversations"


@in_chromium
async def test_a_reply_is_announced_once_when_it_is_finished(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream) as room, chromium(room.server.url) as browser:
        await room.user("mia")
        await browser.grant_permissions(["clipboard-read", "clipboard-write"])
        tab = await browser.new_page()
        await sign_in(tab, room.keys["mia"])
        await ready(tab)
        await tab.evaluate(_LISTEN)
        upstream.play(Answer(pieces=("One ", "two ", "three."), pause_at=2))
        await type_and_send(tab, "Count")
        await expect(tab.locator(".live")).to_contain_text("two")
        assert await tab.evaluate("heard") == []
        live = "[aria-live]:not([aria-live=off]), [role=log], [role=status], [role=alert]"
        assert await tab.evaluate(f"!document.querySelector('.live .finished').closest('{live}')")
        upstream.release.set()
        await expect(tab.get_by_role("status")).to_have_text("Reply: One two three.")
        await tab.get_by_role("button", name="Copy", exact=True).last.click()
        await expect(tab.get_by_role("status")).to_have_text("Copied")
        assert await tab.evaluate("heard") == ["Reply: One two three.", "Copied"]


@in_chromium
async def test_pages_have_titles_of_their_own_one_first_heading_and_landmarks_and_stand_still(tmp_path: Path) -> None:
    async with populated(tmp_path) as scene, chromium(scene.url, allowed="status of 404") as browser:
        tab = await browser.new_page()
        await sign_in(tab, scene.key_of("user") or "")
        titles = dict[str, str]()
        for path in scene.paths_of("user"):
            await tab.goto(path)
            await ready(tab)
            titles[path.partition("?")[0]] = await tab.title()
            await expect(tab.get_by_role("heading", level=1)).to_have_count(1)
            await expect(tab.get_by_role("main")).to_have_count(1)
            levels = await tab.evaluate("[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(h => +h.tagName[1])")
            assert levels[0] == 1, path
            assert await tab.evaluate("document.getAnimations().every((each) => each.effect.getTiming().duration <= 1)")
        assert len(set(titles.values())) == len(titles), titles
        assert all(re.search(r".+ – Rolekey$", title) for title in titles.values()), titles
