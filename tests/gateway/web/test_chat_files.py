"""Files that go with a prompt from the chat page."""

import re
from base64 import b64encode
from pathlib import Path

from playwright.async_api import expect

from tests.fakes.upstream import Refuse
from tests.gateway.test_attachments import PNG
from tests.gateway.web.chat_page import at_the_chat, field, hand_over, paste, prompt, replies, told
from tests.gateway.web.chromium import PHONE, in_chromium

NASTY = '"><img src=x onerror="document.body.dataset.owned=1">.png'


@in_chromium
async def test_files_are_chosen_dropped_and_pasted_sent_and_shown_with_their_prompt(tmp_path: Path) -> None:
    async with at_the_chat(tmp_path, allowed="status of 400") as (room, tab):
        picture, chips = b64encode(PNG).decode(), tab.locator(".chips li")
        async with tab.expect_file_chooser() as choosing:
            await tab.get_by_role("button", name="Attach files").click()
        notes = {"name": "notes.ts", "mimeType": "video/mp2t", "buffer": b"let tea = 90;\n"}
        await (await choosing.value).set_files([notes])  # pyright: ignore[reportArgumentType]
        await expect(chips).to_have_count(1)
        await hand_over(tab.locator("#messages"), "drop", NASTY, "image/png", picture)
        await hand_over(field(tab), "paste", "image.png", "image/png", picture)
        await expect(chips).to_have_count(3)
        assert await chips.locator("canvas").count() == 2
        await tab.get_by_role("button", name="Remove image.png").click()
        await expect(chips).to_have_count(2)

        room.upstream.play(Refuse(400))
        await prompt(tab, "What is this?")
        await expect(told(tab)).not_to_be_empty()
        await expect(chips).to_have_count(2)
        await expect(field(tab)).to_have_value("What is this?")

        await field(tab).press("Enter")
        await expect(replies(tab)).to_have_count(1)
        await expect(chips).to_have_count(0)
        parts = room.upstream.requests[-1].contents[-1][1]
        assert [part["type"] for part in parts] == ["text", "text", "image_url"]
        assert any("let tea = 90;" in part.get("text", "") for part in parts)
        shown = tab.locator("article.user .files")
        assert await shown.locator("img").evaluate("(img) => img.decode().then(() => img.naturalWidth)") == 1
        await expect(shown.locator("img")).to_have_attribute("alt", NASTY)
        async with tab.expect_download() as started:
            await shown.get_by_role("link", name=re.compile("notes.ts")).click()
        assert (await (await started.value).path()).read_bytes() == b"let tea = 90;\n"
        assert await tab.locator("body[data-owned]").count() == 0


@in_chromium
async def test_what_cannot_be_taken_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    async with at_the_chat(tmp_path, PHONE, max_attachment_bytes=2_000, max_attachments=1) as (room, tab):
        for name, kind, data, words in (
            ("a.zip", "application/zip", b"PK\x03\x04\0\0", "of a type that is not taken"),
            ("old.txt", "text/plain", "Zoë".encode("latin-1"), "of a type that is not taken"),
            ("big.txt", "text/plain", b"x" * 2_001, "larger than 2 kB"),
        ):
            await tab.locator("input[type=file]").set_input_files([{"name": name, "mimeType": kind, "buffer": data}])  # pyright: ignore[reportArgumentType]
            await expect(told(tab)).to_contain_text(words)
            await expect(told(tab)).to_contain_text(name)
        good = [{"name": f"{number}.txt", "mimeType": "text/plain", "buffer": b"tea"} for number in (1, 2)]
        await tab.locator("input[type=file]").set_input_files(good)  # pyright: ignore[reportArgumentType]
        await expect(told(tab)).to_contain_text("at most 1 files")
        await expect(tab.locator(".chips li")).to_have_count(1)
        assert await tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert room.upstream.requests == []


@in_chromium
async def test_ten_megabytes_pasted_leave_the_page_as_it_was_and_say_what_to_do(tmp_path: Path) -> None:
    async with at_the_chat(tmp_path) as (room, tab):
        await field(tab).fill("Sum this up")
        await paste(tab, field(tab), text="tea and cake ", repeat=800_000)
        await expect(told(tab)).to_contain_text("10,400,000 characters. A prompt takes 32,000, a file 5.2 MB")
        await expect(field(tab)).to_have_value("Sum this up")

        await paste(tab, field(tab), text="tea and cake ", repeat=10_000)
        await expect(told(tab)).to_contain_text("it is attached as a file")
        await expect(tab.locator(".chips li")).to_contain_text("pasted.txt")
        await field(tab).press("Enter")
        await expect(replies(tab)).to_have_count(1)
        parts = room.upstream.requests[-1].contents[-1][1]
        assert sum(part.get("text", "").count("tea and cake") for part in parts) == 10_000

        await tab.get_by_role("button", name="Edit this prompt").click()
        await paste(tab, tab.get_by_label("The prompt, edited"), text="x", repeat=40_000)
        await expect(told(tab)).to_contain_text("paste less")
        await tab.get_by_label("The prompt, edited").fill("Shorter")
        await tab.get_by_label("The prompt, edited").locator("..").get_by_role("button", name="Send").click()
        await expect(tab.locator("article.user .branches")).to_contain_text("2 of 2")
        await expect(tab.locator("article.user .files")).to_contain_text("pasted.txt")
        assert "tea and cake" in str(room.upstream.requests[-1].contents)
        await field(tab).fill("y" * 32_001)
        await field(tab).press("Enter")
        await expect(told(tab)).to_contain_text("32001 characters; at most 32000")
        assert len(room.upstream.requests) == 2
