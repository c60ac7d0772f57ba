"""What an answer cost, from the price list that genai-prices carries; nothing is fetched."""

import msgspec
from genai_prices import Usage as Counted
from genai_prices import calc_price

from gateway.config import Account
from gateway.wire import Usage


def priced(usage: Usage, account: Account, model: str = "") -> Usage:
    """The usage with what the account takes for it: nothing offline, its own prices, else those of the list.

    An account's own prices are for every model it is asked for; without `model` that is the one which answers.
    """
    return msgspec.structs.replace(usage, cost_usd=_cost_at(account, usage, model or account.model))


def has_price(account: Account) -> bool:
    """Whether it is known what the account's answers cost."""
    return _cost_at(account, Usage(input_tokens=1, output_tokens=1), account.model) is not None


def _cost_at(account: Account, usage: Usage, model: str) -> float | None:
    if account.kind == "offline":
        return 0.0
    asked, answered = account.input_usd_per_mtok, account.output_usd_per_mtok
    if asked == "auto" or answered == "auto":
        return cost_usd(usage, model, account.base_url)
    return (usage.input_tokens * asked + usage.output_tokens * answered) / 1_000_000


def cost_usd(usage: Usage, model: str, base_url: str) -> float | None:
    """US dollars for these tokens, None where the price is not known.

    The provider is told by its address. Behind an address nobody knows, OpenAI's own model names cost what OpenAI
    takes for them: it is most likely a relay in front of OpenAI.
    """
    counted = Counted(input_tokens=usage.input_tokens, output_tokens=usage.output_tokens)
    try:
        return float(calc_price(counted, model, provider_api_url=base_url).total_price)
    except LookupError:
        pass
    try:
        return float(calc_price(counted, model, provider_id="openai").total_price)
    except LookupError:
        return None
