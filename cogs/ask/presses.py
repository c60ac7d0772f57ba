"""What the buttons under an answer do, for its owner and for admins."""

import logging
from collections.abc import Awaitable, Callable, Sequence

import discord

from bot.answering import Prompt
from bot.answers import AnswerIds, AnswerViews, RunningAnswers
from bot.errors import UnknownConversation, UserError
from bot.installs import server_of
from bot.keys import MemberKeys
from bot.languages import counted, language_of
from bot.places import beneath
from bot.promises import Promises
from bot.threads import Held, Threads
from cogs.ask.askers import Askers, Interaction, Who
from cogs.ask.asking import Asking
from cogs.ask.buttons import Action, Pressed, PromptForm, confirmation
from cogs.ask.targets import Targets, is_admin, not_yours
from gateway.client import GatewayClient
from gateway.errors import NotFound
from gateway.wire import ErasedMessages

log = logging.getLogger(__name__)

# A prompt like any other: providers have no way of going on with a reply that hit the limit.
GO_ON = "Continue exactly where your last answer stopped, in the same language. Do not repeat any of it."
_NOBODY = discord.AllowedMentions.none()


class Presses:
    """Acts on one answer. Each raises `UserError` or `ApiError` where it can't, in words for whoever pressed.

    An answer is its owner's, whoever presses: what an admin sets off runs on the owner's access, key and limits.
    """

    def __init__(
        self,
        *,
        client: discord.Client,
        asking: Asking,
        askers: Askers,
        targets: Targets,
        promises: Promises,
        threads: Threads,
        running: RunningAnswers,
        views: AnswerViews,
        keys: MemberKeys,
        gateway: GatewayClient,
    ) -> None:
        self._client = client
        self._asking = asking
        self._askers = askers
        self._targets = targets
        self._promises = promises
        self._threads = threads
        self._running = running
        self._views = views
        self._keys = keys
        self._gateway = gateway
        self._actions: dict[Action, Callable[[Interaction, Pressed, Held | None], Awaitable[None]]] = {
            "stop": self._stop,
            "regenerate": self._regenerate,
            "retry": self._regenerate,
            "continue": self._go_on,
            "followup": self._follow_up,
            "delete": self._confirm,
            "erase": self._erase,
        }

    async def act(self, interaction: Interaction, pressed: Pressed) -> None:
        """Do what a button says; raises `NotYours` where it is somebody else's."""
        held = await self._targets.check_owner(
            interaction, pressed.conversation_id, or_guest=pressed.action == "followup"
        )
        await self._actions[pressed.action](interaction, pressed, held)

    async def ask_again(self, interaction: Interaction, promise_id: int) -> None:
        """Ask what a crash left unasked; its button goes once that is answered.

        Raises `UserError` where it is kept no more, and `NotYours`.
        """
        self._asking.check_open()
        promise = await self._promises.question(promise_id)
        if promise is None or promise.question is None:
            raise UserError("I keep such a question for a day, and this one is gone. Ask it again.")
        asked = Held(channel_id=0, guild_id=interaction.guild_id or 0, owner_id=promise.member_id, conversation_id=None)
        if promise.member_id != interaction.user.id and not is_admin(interaction, asked):
            raise not_yours(asked)
        claimed = f"question {promise_id}"
        self._running.check_idle(claimed)
        with self._running.claim(claimed):
            await interaction.response.defer()
            await self._asking.again(interaction, promise, promise.question)
        await self._promises.forget(promise_id)
        await interaction.edit_original_response(view=None)

    async def _stop(self, interaction: Interaction, pressed: Pressed, _held: Held | None) -> None:
        if self._running.stop(pressed.message_id or ""):
            await interaction.response.defer()
            return
        # Left over from a process that died before it could take the button away.
        message_id = interaction.message.id if interaction.message else 0
        ids = await self._threads.answer_in(message_id) or AnswerIds(conversation_id=pressed.conversation_id)
        await interaction.response.edit_message(view=self._views.when_done(ids, language_of(interaction)))

    async def _regenerate(self, interaction: Interaction, pressed: Pressed, held: Held | None) -> None:
        await self._answer_beneath(interaction, pressed, held, regenerate_id=pressed.message_id)

    async def _go_on(self, interaction: Interaction, pressed: Pressed, held: Held | None) -> None:
        await self._answer_beneath(interaction, pressed, held, text=GO_ON, parent_id=pressed.message_id)

    async def _answer_beneath(
        self,
        interaction: Interaction,
        pressed: Pressed,
        held: Held | None,
        *,
        text: str = "",
        parent_id: str | None = None,
        regenerate_id: str | None = None,
    ) -> None:
        """Another answer, in the same place, which follow-ups then go on from."""
        self._asking.check_open()
        self._running.check_idle(pressed.conversation_id)
        with self._running.claim(pressed.conversation_id):
            await interaction.response.defer()
            who = await self._who(interaction, held)
            prompt = Prompt(
                text,
                who.allow(None),
                pressed.conversation_id,
                follows=True,
                parent_id=parent_id,
                regenerate_id=regenerate_id,
            )
            in_channel = await self._threads.in_channel(interaction.channel_id or 0)
            holds = in_channel is not None and in_channel.conversation_id == pressed.conversation_id
            await self._asking.answer(interaction, who, prompt, beneath(interaction, holds=holds))

    async def _who(self, interaction: Interaction, held: Held | None) -> Who:
        if held is None:
            return await self._askers.on_access_of(interaction, server_of(interaction), interaction.user.id)
        guild = self._client.get_guild(held.guild_id) or server_of(interaction)
        return await self._askers.on_access_of(interaction, guild, held.owner_id)

    async def _follow_up(self, interaction: Interaction, pressed: Pressed, _held: Held | None) -> None:
        async def submit(submitted: Interaction, text: str) -> None:
            await self._asking.follow_up(
                submitted, text, pressed.conversation_id, parent_id=pressed.message_id, by_button=True
            )

        await interaction.response.send_modal(PromptForm(submit, language_of(interaction)))

    async def _confirm(self, interaction: Interaction, pressed: Pressed, _held: Held | None) -> None:
        self._running.check_idle(pressed.conversation_id)
        language = language_of(interaction)
        words = language.say(
            "This erases this answer, its question unless that has another answer, and everything asked after it, "
            "for good: on the gateway, and my messages here that show it. What members wrote themselves stays; delete "
            "that in Discord."
        )
        view = confirmation(pressed, language)
        await interaction.response.send_message(words, view=view, ephemeral=True, allowed_mentions=_NOBODY)

    async def _erase(self, interaction: Interaction, pressed: Pressed, held: Held | None) -> None:
        self._running.check_idle(pressed.conversation_id)
        with self._running.claim(pressed.conversation_id):
            await interaction.response.defer()
            erased = await self._erased(interaction, pressed, held)
            if erased.conversation_erased:
                await self._threads.let_go(pressed.conversation_id)
            await self._delete_messages(erased.message_ids)
        language = language_of(interaction)
        words = counted("Erased: {count} message.", "Erased: {count} messages.", len(erased.message_ids))
        await interaction.edit_original_response(content=language.say(words), view=None)

    async def _erased(self, interaction: Interaction, pressed: Pressed, held: Held | None) -> ErasedMessages:
        """What the gateway erased; it is asked as the bot, since a member keeps this right without access."""
        message_id = pressed.message_id or ""
        gateway = self._gateway
        if held is None:  # nobody knows whose it is but the gateway, by the member's own key
            gateway = gateway.acting_with(await self._own_key(interaction))
        try:
            return await gateway.erase_message(pressed.conversation_id, message_id)
        except NotFound as error:
            log.info("what was to be erased is gone already: %s", error.code)
            gone = error.code == "unknown_conversation"
            return ErasedMessages(message_ids=[message_id], conversation_erased=gone)

    async def _own_key(self, interaction: Interaction) -> str:
        key = await self._keys.peek(await self._askers.guild_of(interaction), interaction.user.id)
        if key is None:
            raise UnknownConversation("I can't tell whose this is any more. Ask an admin to erase it.")
        return key

    async def _delete_messages(self, gateway_ids: Sequence[str]) -> None:
        """Delete what shows these messages; what Discord refuses to delete stays."""
        for gateway_id in gateway_ids:
            for shown in await self._threads.showing(gateway_id):
                channel = self._client.get_partial_messageable(shown.channel_id)
                try:
                    await channel.get_partial_message(shown.message_id).delete()
                except discord.HTTPException as error:
                    log.info("a message of an erased answer was not deleted: %s", error)
                await self._threads.forget_answer(shown.message_id)
