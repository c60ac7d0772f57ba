"""The gateway whose pages the pictures show."""

from gateway.client import GatewayClient
from playground.community import community


async def test_a_community_has_lived_for_a_month_and_left_something_for_each_page_to_show() -> None:
    async with community() as lived, GatewayClient(lived.url, lived.keys["root"]) as admin:
        states = {account.name: account.state for account in (await admin.accounts()).accounts}
        assert states == {
            "openai-plus": "closed",
            "openai-plus-2": "cooling",
            "openai-free": "closed",
            "groq-free": "no_key",
            "lab": "no_agent",
        }
        assert (await admin.get_conversation(lived.newest)).conversation.title == "Bread in a cold kitchen"
        assert {entry.reader_role for entry in (await admin.audit()).entries} == {"admin", "client"}
        usage = await admin.usage()
        assert [day.day.day for day in usage.days if day.cost_usd] == list(range(1, 21)), "each day of November"
