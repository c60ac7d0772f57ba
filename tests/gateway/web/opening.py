"""What opens on a page: the list that a phone hides, popovers and dialogs."""

from collections.abc import AsyncGenerator

from playwright.async_api import Page


async def opened(tab: Page, seen: set[str]) -> AsyncGenerator[str]:
    """Open each that is not in `seen` yet, one at a time; its CSS selector, the drawer's being `#drawer`."""
    button = tab.locator("[data-act=open-drawer]:visible")
    if "drawer" not in seen and await button.count():
        seen.add("drawer")
        await button.click()
        await tab.locator("#drawer .brand").wait_for()
        await tab.evaluate("Promise.allSettled(document.getAnimations().map((each) => each.finished)).then(() => 0)")
        yield "#drawer"
        await tab.keyboard.press("Escape")
    for place in await tab.locator("[popover][id], dialog[id]").all():
        name = await place.get_attribute("id") or ""
        if name not in seen:
            seen.add(name)
            await place.evaluate("(each) => each.showPopover ? each.showPopover() : each.showModal()")
            yield f"#{name}"
            await place.evaluate("(each) => each.showPopover ? each.hidePopover() : each.close()")
