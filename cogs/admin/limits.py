"""One member's own limits, as an admin says and reads them."""

from typing import Any

import msgspec

from bot.languages import Phrase, counted
from gateway.wire import UpdateLimits, UserLimits

_NORMAL = Phrase("those of their tier")


class LimitChanges(msgspec.Struct, frozen=True):
    """What an admin wrote; `normal` gives up all of the member's own before the others count."""

    requests_per_minute: int | None
    tokens_per_day: int | None
    cost_per_month_usd: float | None
    concurrent: int | None
    normal: bool

    @property
    def any(self) -> bool:
        """Whether there is anything to change."""
        return self.normal or bool(self._figures())

    def to_wire(self) -> UpdateLimits | None:
        """The change as the gateway takes it."""
        figures = self._figures()
        if not self.normal:
            return UpdateLimits(**figures)
        others = dict.fromkeys(UserLimits.__struct_fields__)
        return UpdateLimits(**{**others, **figures}) if figures else None

    def _figures(self) -> dict[str, Any]:
        given = msgspec.structs.asdict(self)
        del given["normal"]
        return {name: figure for name, figure in given.items() if figure is not None}


def limit_lines(limits: UserLimits | None) -> list[Phrase]:
    """A member's own limits; what is not said is as for their tier."""
    if limits is None:
        return [_NORMAL]
    often, tokens = limits.requests_per_minute, limits.tokens_per_day
    dollars, at_once = limits.cost_per_month_usd, limits.concurrent
    by_minute = counted("{count} prompt a minute", "{count} prompts a minute", often or 0)
    by_day = counted("{count} token a day", "{count} tokens a day", tokens or 0)
    by_month = Phrase("{dollars} US dollars a month", dollars=dollars or 0)
    together = counted("{count} answer at once", "{count} answers at once", at_once or 0)
    lines = [
        _line(often, Phrase("no limit of prompts"), by_minute),
        _line(tokens, Phrase("no limit of tokens"), by_day),
        _line(dollars, Phrase("no limit of costs"), by_month),
        _line(at_once, Phrase("no limit of answers at once"), together),
    ]
    return [line for line in lines if line is not None] or [_NORMAL]


def _line(figure: float | None, unlimited: Phrase, limited: Phrase) -> Phrase | None:
    if figure is None:
        return None
    return limited if figure else unlimited
