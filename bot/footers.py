"""The small print under an answer: who answered, what it took, and what is left."""

import logging
from typing import Literal

from bot.answering import Asker
from bot.keys import user_id
from bot.languages import Dollars, Phrase, counted
from gateway.client import GatewayClient
from gateway.errors import ApiError
from gateway.wire import ChatAnswer

log = logging.getLogger(__name__)
Style = Literal["off", "short", "full"]


class Footers:
    """Makes them, in the asker's language. `short` has the model and the tokens, `full` also the cost and what is left
    of the day's tokens or the month's budget.
    """

    def __init__(self, gateway: GatewayClient, style: Style) -> None:
        self._gateway = gateway
        self._style: Style = style

    async def under(self, answer: ChatAnswer, asker: Asker) -> str:
        """Empty where they are off. Never raises: an answer is not lost for its small print."""
        if self._style == "off":
            return ""
        tokens = answer.usage.input_tokens + answer.usage.output_tokens
        parts = [Phrase.verbatim(answer.model), counted("{count} token", "{count} tokens", tokens)]
        if self._style == "full":
            if answer.usage.cost_usd is not None:
                parts.append(Phrase("{cost}", cost=Dollars(answer.usage.cost_usd)))
            parts += await self._left(answer, asker)
        return " · ".join(asker.language.say(part) for part in parts)

    async def _left(self, answer: ChatAnswer, asker: Asker) -> list[Phrase]:
        try:
            usage = await self._gateway.usage(user_id(asker.guild_id, asker.member_id))
        except ApiError as error:
            log.info("what is left could not be said: %s", error.code)
            return []
        [limits] = [limits for limits in usage.limits if limits.tier == answer.tier] or [None]
        if limits is None:
            return []
        left = list[Phrase]()
        if limits.tokens_per_day.left is not None:
            left.append(Phrase("{left} tokens left today", left=limits.tokens_per_day.left))
        if limits.cost_per_month_usd.left is not None:
            left.append(Phrase("{left} left this month", left=Dollars(limits.cost_per_month_usd.left)))
        return left
