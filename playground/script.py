"""What a community asked in a month, and what its models said: the words of the pictures of the gateway's pages."""

import random
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from gateway.titles import TITLE_INSTRUCTION
from gateway.upstreams.base import Accepted, Completion, Event, Finished, Text
from gateway.wire import Usage

CLIENT = "bot"
COMMUNITY = "Tea house"


@dataclass(frozen=True)
class Member:
    """Somebody with a key; `busy` is how many prompts a day they send from their editor, on average."""

    user_id: str
    username: str
    busy: float
    plus: bool = False
    lease_days: int | None = 30


@dataclass(frozen=True)
class Asked:
    """A conversation that somebody began so many hours ago, and its further prompts."""

    hours_ago: float
    who: str
    title: str
    prompt: str
    plus: bool = False
    follow_ups: tuple[str, ...] = ()


MEMBERS = (
    Member("mia", "Mia Lindgren", 9.0, plus=True),
    Member("tom", "Tom Okafor", 4.0),
    Member("aiko", "Aiko Tanaka", 7.0, plus=True),
    Member("samuel", "Samuel Ortega", 2.5),
    Member("ines", "Inès Moreau", 5.5, plus=True),
    Member("jonas", "Jonas Weber", 1.5),
    Member("priya", "Priya Raman", 6.0, plus=True),
    Member("leo", "Léo Fontaine", 0.8),
    Member("zofia", "Zofia Nowak", 3.0),
    Member("noah", "Noah Ben-David", 0.0),
    Member("hana", "Hana Kovář", 1.0, lease_days=3),
    Member("diego", "Diego Álvarez", 0.4, lease_days=None),
)

BREAD = "How long should bread dough prove when my kitchen is cold?"
SALT = "Why does salt slow it down?"

CONVERSATIONS = (
    Asked(610, "mia", "Names for a grey kitten", "Suggest names for a grey kitten"),
    Asked(500, "tom", "A bicycle for the winter", "Which tyres do I want on my bicycle in winter?"),
    Asked(431, "mia", "Thank-you note to a teacher", "Help me write a thank-you note to a teacher"),
    Asked(390, "aiko", "Bread flour in Japan", "Which Japanese flour comes closest to strong bread flour?", plus=True),
    Asked(300, "mia", "Git: undo a pushed commit", "How do I undo a commit that I have pushed?", plus=True),
    Asked(211, "mia", "Chords for a campfire", "Three easy chords that fit most campfire songs?"),
    Asked(170, "ines", "Levain or baker's yeast", "Is bread from levain easier to digest than from yeast?", plus=True),
    Asked(150, "mia", "Difference between TCP and UDP", "Explain TCP and UDP to a twelve-year-old"),
    Asked(99, "samuel", "Sandwich bread that keeps", "My sandwich bread is stale after a day. What helps?"),
    Asked(75, "mia", "Weekend in Ghent by train", "Plan a weekend in Ghent by train for two", plus=True),
    Asked(52, "priya", "Regular expressions for dates", "A regular expression for ISO dates?", plus=True),
    Asked(30, "mia", "Repotting a monstera", "When do I repot my monstera?"),
    Asked(6, "tom", "Bread in a pot", "Can I bake bread in a pot without a lid?"),
    Asked(3, "mia", "Tax words in plain English", "What does depreciation mean, in plain words?"),
    Asked(0.5, "mia", "Bread in a cold kitchen", BREAD, plus=True, follow_ups=(SALT,)),
)

REPLIES = {
    BREAD: """Longer than the recipe says. Yeast works about **twice as fast for each 8 °C** more, so a time can be \
worked out from your kitchen's:

```python
def hours(celsius: float) -> float:
    \"""How long a dough proves that needs 4 hours at 24 °C.\"""
    return 4 * 2 ** ((24 - celsius) / 8)
```

| kitchen | hours | what to look for |
|--------:|------:|------------------|
| 16 °C   |   8.0 | half again as large, a few bubbles |
| 20 °C   |   5.7 | nearly doubled |
| 24 °C   |   4.0 | doubled, and it wobbles |

Trust the dough rather than the clock: press it with a wet finger, and the dent should fill *slowly*.""",
    SALT: """Salt draws water out of the yeast's cells, so they divide more slowly. At the usual **2 %** of the \
flour's weight that costs about a tenth of the speed, and gives:

- a tighter crumb, since gluten forms in its own time,
- a darker crust, since more sugar is left for it.""",
}
_SHORT = (
    "Start small, and look again after a day: what helps most is to change one thing at a time, "
    "and to write down what you changed. Patience does more than any trick."
)


class Scripted:
    """A model that says what is written above, at once."""

    def __init__(self) -> None:
        self._random = random.Random(7)  # noqa: S311  the same figures every time, not a secret

    async def stream(self, completion: Completion) -> AsyncGenerator[Event]:
        """Yield the answer's events; see `Upstream`."""
        prompt = completion.turns[-1].text
        yield Accepted()
        if any(turn.text == TITLE_INSTRUCTION for turn in completion.turns):
            yield Text(next((each.title for each in CONVERSATIONS if each.prompt in prompt), prompt[:40]))
            usage = Usage(input_tokens=120, output_tokens=6)
        else:
            yield Text(REPLIES.get(prompt, _SHORT))
            usage = Usage(
                input_tokens=self._random.randrange(200, 4200), output_tokens=self._random.randrange(80, 1100)
            )
        yield Finished(reason="stop", usage=usage)
