"""Lists and figures, as the terminal shows them."""

from datetime import datetime
from itertools import count

from rich import box
from rich.table import Table
from rich.text import Text

from chat.sanitising import one_line
from gateway.wire import Allowance, ChatAnswer, Conversation, TierAllowances, UsageAnswer, UsageSum

_LEAST_SHOWN_USD = 0.0001
_LIMITS = {
    "requests_per_minute": "requests a minute",
    "tokens_per_day": "tokens a day",
    "cost_per_month_usd": "US dollars a month",
    "concurrent": "answers at once",
}


def footer(answer: ChatAnswer) -> str:
    """A line about an answer."""
    used = answer.usage
    parts = [answer.model, answer.tier, f"{used.input_tokens:,} + {used.output_tokens:,} tokens"]
    parts += [] if used.cost_usd is None else [_dollars(used.cost_usd)]
    parts += ["cut short: write “go on”"] if answer.finish_reason == "length" else []
    return one_line(" · ".join(parts))


def conversation_table(conversations: list[Conversation], current: str | None) -> Table:
    """Numbered, for `/resume`."""
    table = _table("#", "title", "last used")
    for number, conversation in zip(count(1), conversations, strict=False):
        title = Text(one_line(conversation.title), style="bold" if conversation.id == current else "")
        table.add_row(str(number), title, _moment(conversation.updated_at))
    return table


def usage_tables(usage: UsageAnswer) -> list[Table]:
    """What was used this month and today, and what is left."""
    used = _table("", "answers", "tokens in", "tokens out", "US dollars")
    today = next((day for day in usage.days if day.day == usage.to), UsageSum())
    for name, figures in (("today", today), ("this month", usage.total)):
        tokens = (f"{figures.input_tokens:,}", f"{figures.output_tokens:,}")
        used.add_row(name, f"{figures.requests:,}", *tokens, f"{figures.cost_usd:.4f}")
    left = _table("tier", "limit", "used", "left", "until")
    for tier in usage.limits:
        for name, allowance in _limited(tier):
            until = "–" if allowance.resets_at is None else _moment(allowance.resets_at)
            figures = (_figure(allowance.used), f"{_figure(allowance.left)} of {_figure(allowance.limit)}")
            left.add_row(tier.tier, name, *figures, until)
    return [used, left] if left.row_count else [used]


def _limited(tier: TierAllowances) -> list[tuple[str, Allowance]]:
    found: list[tuple[str, Allowance]] = [(words, getattr(tier, name)) for name, words in _LIMITS.items()]
    return [(words, allowance) for words, allowance in found if allowance.limit is not None]


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _dollars(cost: float) -> str:
    return f"${cost:.4f}" if cost == 0 or cost >= _LEAST_SHOWN_USD else f"less than ${_LEAST_SHOWN_USD}"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


def _figure(figure: float | None) -> str:
    return "–" if figure is None else f"{figure:,}" if isinstance(figure, int) else f"{figure:,.4f}"
