"""The buttons by which a member subscribes, under words that say that plus is missing."""

from collections.abc import Sequence

import discord
from discord import app_commands, ui

from bot.errors import SubscriptionHelps
from gateway.errors import ApiError

_MOST = 5  # in one row: https://docs.discord.com/developers/components/reference#action-row


def offer(error: BaseException, skus: Sequence[int] = ()) -> ui.View | None:
    """What to show under the words of an error that a subscription would have averted; none under any other.

    `skus` are offered where the gateway refused plus; what the bot itself refused carries its own. Discord puts name
    and price on the buttons (https://docs.discord.com/developers/components/reference#button).
    """
    if isinstance(error, app_commands.CommandInvokeError) and error.__cause__:
        return offer(error.__cause__, skus)
    if isinstance(error, SubscriptionHelps):
        skus = error.skus
    elif not (isinstance(error, ApiError) and error.code == "plus_required"):
        return None
    view = ui.View(timeout=None)
    for sku in skus[:_MOST]:
        view.add_item(ui.Button[ui.View](style=discord.ButtonStyle.premium, sku_id=sku))
    return view if skus else None
