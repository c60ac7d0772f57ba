"""Prompts looked at before they are sent, by a model of the account's provider.

https://developers.openai.com/api/reference/resources/moderations
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

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


async def moderate(pooled: PooledAccount, texts: Sequence[str], images: Sequence[dict[str, Any]] = ()) -> None:
    """Have the account's moderation model, where it has one, look at what is about to be sent.

    Images are parts as OpenAI takes them.
    Raises `InvalidRequest` with code `prompt_flagged` that names the categories, and `Unavailable` with code
    `moderation_unavailable` where moderation is required and cannot be had.
    """
    if not pooled.account.moderation_model:
        return
    # A request takes one image: https://developers.openai.com/api/docs/guides/moderation
    looks = (
        [_look(pooled, texts[0] if len(texts) == 1 else list(texts), verdicts=len(texts))] if texts else [_nothing()]
    )
    looks += [_look(pooled, [image], verdicts=1) for image in images]
    words, *seen = await asyncio.gather(*looks)
    results = [result for found in (words, *seen) for result in found or ()]
    if any(result.flagged for result in results):
        raise _flagged(results)
    if pooled.account.moderation_required:
        _require(words, seen)


async def _look(pooled: PooledAccount, given: Any, *, verdicts: int) -> list[_Result] | None:
    """At least so many verdicts on what is given, None where they cannot be had."""
    try:
        async with asyncio.timeout(_SECONDS):
            return await _ask(pooled, given, verdicts)
    except (ApiError, TimeoutError, msgspec.MsgspecError) as error:
        why = getattr(error, "code", type(error).__name__)
        log.warning("account %s: no moderation: %s", pooled.account.name, why)
        return None


async def _nothing() -> list[_Result]:
    return []


async def _ask(pooled: PooledAccount, given: Any, verdicts: int) -> list[_Result]:
    if not isinstance(pooled.upstream, Endpoint):
        raise Unavailable("This kind of account has no moderation.", code="no_moderation")
    body = {"model": pooled.account.moderation_model, "input": given}
    answer = msgspec.json.decode(await pooled.upstream.call("moderations", body), type=_Answer)
    if len(answer.results) < verdicts:
        raise msgspec.ValidationError("fewer results than were asked for")
    return answer.results


def _require(words: list[_Result] | None, seen: Sequence[list[_Result] | None]) -> None:
    """Refuse what was not looked at."""
    if words is None:
        raise Unavailable(
            "The prompt could not be checked by moderation, so it was not sent. Try again in a moment.",
            code="moderation_unavailable",
        )
    if None in seen:
        raise Unavailable(
            "Moderation could not check an image of the prompt's, so it was not sent. Leave the image out, or try "
            "again in a moment.",
            code="moderation_unavailable",
        )


def _flagged(results: Sequence[_Result]) -> InvalidRequest:
    found = {name for result in results for name, flagged in result.categories.items() if flagged}
    # The provider's words, of which only what can be a category is repeated.
    named = sorted(name for name in found if name.isascii() and name.isprintable() and len(name) <= 40)
    why = f" for {', '.join(named)}" if named else ""
    return InvalidRequest(
        f"Moderation flagged the prompt{why}, so it was not sent. Say it differently.", code="prompt_flagged"
    )
