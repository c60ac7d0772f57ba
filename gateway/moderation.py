"""Prompts looked at before they are sent, by a model of the account's provider.

https://developers.openai.com/api/reference/resources/moderations
"""

import asyncio
import logging
from collections.abc import Sequence

import msgspec

from gateway.accounts import PooledAccount
from gateway.errors import ApiError, InvalidRequest, Unavailable
from gateway.upstreams.base import Endpoint

log = logging.getLogger(__name__)

# A prompt waits for this before it is sent.
_SECONDS = 10.0


class _Result(msgspec.Struct):
    flagged: bool
    categories: dict[str, bool | None] = {}


class _Answer(msgspec.Struct):
    results: list[_Result]


async def moderate(pooled: PooledAccount, texts: Sequence[str]) -> None:
    """Have the account's moderation model, where it has one, look at what is about to be sent.

    Raises `InvalidRequest` with code `prompt_flagged` that names the categories, and `Unavailable` with code
    `moderation_unavailable` where moderation is required and cannot be had.
    """
    account = pooled.account
    if not account.moderation_model:
        return
    try:
        async with asyncio.timeout(_SECONDS):
            results = await _ask(pooled, texts)
    except (ApiError, TimeoutError, msgspec.MsgspecError) as error:
        log.warning("account %s: no moderation: %s", account.name, getattr(error, "code", type(error).__name__))
        if account.moderation_required:
            raise Unavailable(
                "The prompt could not be checked by moderation, so it was not sent. Try again in a moment.",
                code="moderation_unavailable",
            ) from error
        return
    if any(result.flagged for result in results):
        raise _flagged(results)


async def _ask(pooled: PooledAccount, texts: Sequence[str]) -> list[_Result]:
    if not isinstance(pooled.upstream, Endpoint):
        raise Unavailable("This kind of account has no moderation.", code="no_moderation")
    body = {"model": pooled.account.moderation_model, "input": texts[0] if len(texts) == 1 else list(texts)}
    answer = msgspec.json.decode(await pooled.upstream.call("moderations", body), type=_Answer)
    if len(answer.results) < len(texts):
        raise msgspec.ValidationError("fewer results than texts")
    return answer.results


def _flagged(results: Sequence[_Result]) -> InvalidRequest:
    found = {name for result in results for name, flagged in result.categories.items() if flagged}
    # The provider's words, of which only what can be a category is repeated.
    named = sorted(name for name in found if name.isascii() and name.isprintable() and len(name) <= 40)
    why = f" for {', '.join(named)}" if named else ""
    return InvalidRequest(
        f"Moderation flagged the prompt{why}, so it was not sent. Say it differently.", code="prompt_flagged"
    )
