"""A small model that needs no network: for first steps, demonstrations and the playground.

It is a fixed set of rules and says so in every answer.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager

from gateway.titles import TITLE_INSTRUCTION, provisional_title
from gateway.tokens import estimate_tokens
from gateway.upstreams.base import Accepted, Completion, Event, Finished, Text
from gateway.upstreams.relayed import Relayed, Relays
from gateway.upstreams.spoken import spoken
from gateway.upstreams.transport import Response
from gateway.wire import Usage

Sleep = Callable[[float], Awaitable[None]]

_FOLLOW_UP = re.compile(r"\b(again|before|previous|earlier|last|follow|remember|recall|what did i)\b", re.IGNORECASE)
_QUOTED_CHARACTERS = 300
_PIECE = re.compile(r"\s*\S+|\s+$")

_CODE = '''Here is a small program:

```python
def greet(name: str) -> str:
    """Return a greeting."""
    return f"Hello, {name}!"


print(greet("Rolekey"))
```
'''

_TABLE = """Here is a table:

| tier | who has it | model |
| --- | --- | --- |
| free | everyone, unless an admin says otherwise | the small one |
| plus | members with a plus role | the large one |
"""

_LIST = """Here is a list:

1. A member asks with `/ask`.
2. The gateway picks an account of the member's tier.
3. The answer is streamed into a thread.
   - Follow-ups go on from there.
   - The conversation is remembered.
"""

_LONG = "\n\n".join(
    f"## Part {number}\n\n"
    f"This is part {number} of 20 of a long answer. It is long on purpose: it has to be split over several messages, "
    "and each of them must end where a reader would draw breath. Nothing in it was thought up by a real model, "
    "so there is nothing to learn from it but how a long text looks.\n\n"
    f"- The first remark on part {number}\n"
    f"- The second remark, with some **bold** and some `code`"
    for number in range(1, 21)
)

_SHOWS = (
    (re.compile(r"\b(code|program|script|function|python)\b", re.IGNORECASE), _CODE),
    (re.compile(r"\btables?\b", re.IGNORECASE), _TABLE),
    (re.compile(r"\b(lists?|steps|bullets?)\b", re.IGNORECASE), _LIST),
    (re.compile(r"\b(long|essay|detailed|story)\b", re.IGNORECASE), _LONG),
)


class OfflineUpstream(Relays):
    """Answers by rule, word by word, `word_seconds` apart. The same conversation always gets the same answer."""

    def __init__(self, *, word_seconds: float = 0.006, sleep: Sleep = asyncio.sleep) -> None:
        self._word_seconds = word_seconds
        self._sleep = sleep

    async def stream(self, completion: Completion) -> AsyncGenerator[Event]:
        """Yield the answer's events; see `Upstream`."""
        yield Accepted()
        answer = reply_to(completion)
        words: list[str] = _PIECE.findall(answer)
        whole = len(words) <= completion.max_output_tokens
        for word in words[: completion.max_output_tokens]:
            yield Text(word)
            await self._sleep(self._word_seconds)
        said = "".join(words[: completion.max_output_tokens])
        usage = Usage(
            input_tokens=sum(turn.tokens for turn in completion.turns),
            output_tokens=estimate_tokens(said),
        )
        yield Finished(reason="stop" if whole else "length", usage=usage)

    def relay(self, request: Relayed) -> AbstractAsyncContextManager[Response]:
        """See `Relays`."""
        return spoken(self, request)

    async def close(self) -> None:
        """There is nothing to let go of."""


def reply_to(completion: Completion) -> str:
    """The whole answer, or a title where the request is for one."""
    prompts = [turn.text for turn in completion.turns if turn.role == "user"]
    prompt = prompts[-1] if prompts else ""
    if any(turn.role == "system" and turn.text == TITLE_INSTRUCTION for turn in completion.turns):
        return provisional_title(prompt)
    parts = [
        f"I am Rolekey's offline model **{completion.model}**: a fixed set of rules, no artificial intelligence.",
        _understood(prompt),
        *_attached(completion),
        *_remembered(prompts),
        *(text.rstrip() for pattern, text in _SHOWS if pattern.search(prompt)),
    ]
    if len(parts) == 2:
        parts.append("Ask me for code, a list, a table or something long to see how that looks.")
    return "\n\n".join(parts)


def _understood(prompt: str) -> str:
    shown = prompt if len(prompt) <= _QUOTED_CHARACTERS else prompt[:_QUOTED_CHARACTERS].rstrip() + " …"
    quoted = "\n".join(f"> {line}" for line in shown.strip().splitlines())
    return f"You wrote:\n{quoted}"


def _attached(completion: Completion) -> list[str]:
    names = [f"`{file.name}`" for file in completion.turns[-1].files] if completion.turns else []
    return [f"You attached {', '.join(names)}."] if names else []


def _remembered(prompts: list[str]) -> list[str]:
    if len(prompts) < 2:
        return []
    words = f"This is prompt {len(prompts)} of our conversation."
    if _FOLLOW_UP.search(prompts[-1]):
        words += f" Before it you wrote: “{provisional_title(prompts[-2])}”."
    return [words]
