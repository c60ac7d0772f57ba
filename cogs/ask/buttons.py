"""The buttons under an answer. They carry the ids they act on, so they work after a restart."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Literal, Protocol, Self, cast

import discord
import msgspec
from discord import ui

from bot.answers import AnswerIds
from bot.languages import Language, Phrase
from bot.live_views import LiveForm
from bot.tree import fail_privately

COG = "Ask"
_PROMPT_LIMIT = 4000  # https://discord.com/developers/docs/components/reference#text-input
_ID = "[0-9a-f-]{36}"
_FOLLOW_UP = re.compile(rf"rolekey:followup:(?P<conversation>{_ID}):(?P<message>{_ID})")
Action = Literal["stop", "regenerate", "retry", "continue", "followup", "delete", "erase"]
Submit = Callable[[discord.Interaction[Any], str], Awaitable[None]]


class Pressed(msgspec.Struct, frozen=True, kw_only=True):
    """What a button says: what to do, in which conversation, and with which of its messages."""

    action: Action
    conversation_id: str
    message_id: str | None = None

    @property
    def custom_id(self) -> str:
        """At most 100 characters (https://discord.com/developers/docs/components/reference#button)."""
        return ":".join(filter(None, ("rolekey", self.action, self.conversation_id, self.message_id)))


class Owner(Protocol):
    """The cog that answers a press."""

    async def pressed(self, interaction: discord.Interaction[Any], pressed: Pressed) -> None:
        """Somebody pressed a button."""
        ...

    async def asked_again(self, interaction: discord.Interaction[Any], promise_id: int) -> None:
        """Somebody pressed Retry under a question that was never asked."""
        ...


_FACES: dict[Action, tuple[Phrase, str, discord.ButtonStyle]] = {
    "stop": (Phrase("Stop"), "⏹️", discord.ButtonStyle.secondary),
    "regenerate": (Phrase("Regenerate"), "🔄", discord.ButtonStyle.secondary),
    "retry": (Phrase("Retry"), "🔄", discord.ButtonStyle.primary),
    "continue": (Phrase("Continue"), "▶️", discord.ButtonStyle.primary),
    "followup": (Phrase("Follow up"), "💬", discord.ButtonStyle.secondary),
    "delete": (Phrase("Delete"), "🗑️", discord.ButtonStyle.secondary),
    "erase": (Phrase("Erase"), "🗑️", discord.ButtonStyle.danger),
}


class AnswerButton(
    ui.DynamicItem[ui.Button[ui.View]],
    template=(
        r"rolekey:(?P<action>stop|regenerate|retry|continue|followup|delete|erase)"
        rf":(?P<conversation>{_ID})(?::(?P<message>{_ID}))?"
    ),
):
    """One button; without `language` it has no face, since Discord shows it already."""

    def __init__(self, says: Pressed, language: Language | None) -> None:
        self.says = says
        label, emoji, style = _FACES[says.action]
        super().__init__(
            ui.Button(
                label=language.say(label) if language else None, emoji=emoji, style=style, custom_id=says.custom_id
            )
        )

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """The button as Discord sent it back."""
        action = cast("Action", match["action"])
        return cls(Pressed(action=action, conversation_id=match["conversation"], message_id=match["message"]), None)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Hand the press to the cog."""
        cog = cast("Owner", interaction.client.get_cog(COG))
        try:
            await cog.pressed(interaction, self.says)
        except Exception as error:  # noqa: BLE001  whatever it was, it is logged and the member is told
            await fail_privately(interaction, error)


class RetryButton(
    ui.DynamicItem[ui.Button[ui.View]],
    template=r"rolekey:again:(?P<promise>[0-9]{1,20})",
):
    """Retry for a question that the gateway never got; see `bot.promises`."""

    def __init__(self, promise_id: int, language: Language | None) -> None:
        self.promise_id = promise_id
        label, emoji, style = _FACES["retry"]
        face = language.say(label) if language else None
        super().__init__(ui.Button(label=face, emoji=emoji, style=style, custom_id=f"rolekey:again:{promise_id}"))

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """The button as Discord sent it back."""
        return cls(int(match["promise"]), None)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Hand the press to the cog."""
        cog = cast("Owner", interaction.client.get_cog(COG))
        try:
            await cog.asked_again(interaction, self.promise_id)
        except Exception as error:  # noqa: BLE001  whatever it was, it is logged and the member is told
            await fail_privately(interaction, error)


class PromptForm(LiveForm):
    """One field for the next prompt."""

    def __init__(self, submit: Submit, language: Language) -> None:
        super().__init__(title=language.say("Follow up"))
        self._submit = submit
        self._prompt = ui.TextInput[Any](
            custom_id="prompt", style=discord.TextStyle.paragraph, max_length=_PROMPT_LIMIT
        )
        self.add_item(ui.Label(text=language.say("What do you want to know next?"), component=self._prompt))

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        """Go on with the conversation."""
        await self._submit(interaction, self._prompt.value)


class AnswerButtons:
    """See `bot.answers.AnswerViews`.

    Earlier answers keep their buttons: each acts on its own answer, and no edit is spent on taking them away.
    """

    def while_written(self, ids: AnswerIds, language: Language) -> ui.View:
        """Stop."""
        return _view(language, [("stop", ids.reply_id)], ids)

    def when_done(
        self, ids: AnswerIds, language: Language, *, cut_short: bool = False, interrupted: bool = False
    ) -> ui.View:
        """What its ids allow: where no reply was kept it can still be asked again."""
        row: list[tuple[Action, str | None]] = []
        if cut_short and ids.reply_id:
            row.append(("continue", ids.reply_id))
        if ids.prompt_id:
            row.append(("retry" if interrupted or ids.reply_id is None else "regenerate", ids.prompt_id))
        row.append(("followup", ids.reply_id))
        if ids.prompt_id:
            row.append(("delete", ids.reply_id or ids.prompt_id))
        return _view(language, row, ids)

    def ids_under(self, message: discord.Message) -> AnswerIds | None:
        """Follow up, which each finished answer has, names its reply. Only one's own buttons tell the truth."""
        for row in message.components:
            for item in row.children if isinstance(row, discord.ActionRow) else []:
                says = _FOLLOW_UP.fullmatch(item.custom_id or "")
                if says:
                    return AnswerIds(conversation_id=says["conversation"], reply_id=says["message"])
        return None

    def to_ask_again(self, promise_id: int, language: Language) -> ui.View:
        """Retry alone."""
        return ui.View(timeout=None).add_item(RetryButton(promise_id, language))


def confirmation(asked: Pressed, language: Language) -> ui.View:
    """The button that erases what `asked` is about."""
    button = AnswerButton(msgspec.structs.replace(asked, action="erase"), language)
    return ui.View(timeout=None).add_item(button)


def _view(language: Language, row: list[tuple[Action, str | None]], ids: AnswerIds) -> ui.View:
    view = ui.View(timeout=None)
    for action, message_id in row:
        says = Pressed(action=action, conversation_id=ids.conversation_id, message_id=message_id)
        view.add_item(AnswerButton(says, language))
    return view
