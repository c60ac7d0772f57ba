"""What an answer cost, from the price list that genai-prices carries; nothing is fetched."""

from decimal import Decimal
from functools import lru_cache

import msgspec
from genai_prices import Usage as Counted
from genai_prices import calc_price
from genai_prices.types import ModelPrice, PriceCalculation

from gateway.config import Account
from gateway.errors import Unavailable
from gateway.wire import Usage


def priced(usage: Usage, account: Account, model: str = "") -> Usage:
    """The usage with what the account takes for it: nothing offline, its own prices, else nothing where agents lend it
    and those of the list where it is a provider's.

    An account's own prices are for every model it is asked for; without `model` that is the one which answers.
    """
    return msgspec.structs.replace(usage, cost_usd=_cost_at(account, usage, model or account.model))


def price_of(account: Account, model: str, input_tokens: int, output_tokens: int) -> float:
    """What so many tokens cost in US dollars. Raises `Unavailable` with code `price_unknown`."""
    cost = priced(Usage(input_tokens=input_tokens, output_tokens=output_tokens), account, model).cost_usd
    if cost is None:
        raise Unavailable(
            f"Your access has a limit in dollars, and what the model {model} costs is not known. "
            f"An admin can set input_usd_per_mtok and output_usd_per_mtok of the account {account.name}.",
            code="price_unknown",
        )
    return cost


def has_price(account: Account) -> bool:
    """Whether it is known what the account's answers cost."""
    return _cost_at(account, Usage(input_tokens=1, output_tokens=1), account.model) is not None


def _cost_at(account: Account, usage: Usage, model: str) -> float | None:
    if account.kind == "offline":
        return 0.0
    asked, answered = account.input_usd_per_mtok, account.output_usd_per_mtok
    if asked == "auto" or answered == "auto":
        if account.kind == "agent":
            return 0.0
        return cost_usd(usage, model, account.base_url)
    return (usage.input_tokens * asked + usage.output_tokens * answered) / 1_000_000


def cost_usd(usage: Usage, model: str, base_url: str) -> float | None:
    """US dollars for these tokens, None where the price is not known.

    The provider is told by its address. Behind an address nobody knows, OpenAI's own model names cost what OpenAI
    takes for them: it is most likely a relay in front of OpenAI.
    """
    price = _price(model, base_url)
    if price is None:
        return None
    if price.per_token is not None:
        asked, answered = price.per_token
        return float(usage.input_tokens * asked + usage.output_tokens * answered)
    return float(_calculated(usage.input_tokens, usage.output_tokens, model, price.provider_url).total_price)


class _Price(msgspec.Struct, frozen=True):
    """Where the list has a model, and what one token in and one out cost where that is all there is to it.

    `provider_url` is None where OpenAI's price is taken.
    """

    provider_url: str | None
    per_token: tuple[Decimal, Decimal] | None


@lru_cache(maxsize=1024)
def _price(model: str, base_url: str) -> _Price | None:
    """Found once: looking through the list takes longer than storing the answer it is for."""
    for provider_url in (base_url, None):
        try:
            found = _calculated(0, 0, model, provider_url)
        except LookupError:
            continue
        return _Price(provider_url, _per_token(found))
    return None


def _calculated(input_tokens: int, output_tokens: int, model: str, provider_url: str | None) -> PriceCalculation:
    counted = Counted(input_tokens=input_tokens, output_tokens=output_tokens)
    if provider_url is None:
        return calc_price(counted, model, provider_id="openai")
    return calc_price(counted, model, provider_api_url=provider_url)


def _per_token(found: PriceCalculation) -> tuple[Decimal, Decimal] | None:
    """None where the price hangs on the hour or on how long the prompt is, or where the request costs something too."""
    prices = found.model.prices
    if not isinstance(prices, ModelPrice) or getattr(prices, "requests_kcount", None) is not None:
        return None
    asked, answered = getattr(prices, "input_mtok", None), getattr(prices, "output_mtok", None)
    if isinstance(asked, Decimal) and isinstance(answered, Decimal):
        return asked / 1_000_000, answered / 1_000_000
    return None
