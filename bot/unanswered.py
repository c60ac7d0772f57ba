"""After a crash: what was asked and not answered is brought together with what there is of it, and marked.

Between a question and the first words of its answer lie a card, a thread and a conversation on the gateway; the process
can die before or after each. What there is of them is asked of Discord and of the gateway, not kept in step here.
"""

import itertools
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import cast

import discord

from bot.answers import AnswerIds, AnswerViews
from bot.keys import MemberKeys
from bot.languages import Language, Phrase
from bot.member_languages import MemberLanguages
from bot.promises import Promise, Promises
from bot.recovery import NOTE, mark
from bot.rendering.errors import TRANSIENT, is_passing
from bot.rendering.live_message import CURSOR
from bot.threads import Held, Shown, Threads
from gateway.client import GatewayClient
from gateway.errors import ApiError
from gateway.wire import Message
from storage import StorageError

log = logging.getLogger(__name__)

NEVER_BEGAN = Phrase("⚠️ I was restarted before I could answer. Ask again.")
CAN_RETRY = Phrase("⚠️ I was restarted before I could answer. Press Retry within a day, or ask again.")
_LOOKED_AT = 200  # messages after the first open question of a channel, and in a thread
_CLOCKS_APART = timedelta(minutes=2)  # Discord says when it was asked, this machine when a conversation began
_SAID = {discord.MessageType.default, discord.MessageType.reply}


class Unanswered:
    """Looks after promises that a crash broke. `settle` is called once Discord's servers are known."""

    def __init__(
        self,
        client: discord.Client,
        promises: Promises,
        threads: Threads,
        keys: MemberKeys,
        gateway: GatewayClient,
        languages: MemberLanguages,
        views: AnswerViews,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._promises = promises
        self._threads = threads
        self._keys = keys
        self._gateway = gateway
        self._languages = languages
        self._views = views
        self._now = now

    async def settle(self, broken: Sequence[Promise]) -> int:
        """Mark what was never answered; returns how many now say so. What fails for the time being stays open."""
        marked = 0
        by_channel = sorted(broken, key=lambda promise: (promise.channel_id, promise.id))
        for channel_id, promises in itertools.groupby(by_channel, key=lambda promise: promise.channel_id):
            marked += await self._settle_in(channel_id, list(promises))
        return marked

    async def _settle_in(self, channel_id: int, promises: list[Promise]) -> int:
        found: list[discord.Message] | None = None
        try:
            channel = self._client.get_channel(channel_id) or await self._client.fetch_channel(channel_id)
            if not isinstance(channel, discord.abc.Messageable):
                raise TypeError("a channel nobody can write in")
            since = discord.Object(promises[0].id - 1)
            found = [message async for message in channel.history(after=since, limit=_LOOKED_AT, oldest_first=True)]
        except (*TRANSIENT, TypeError) as error:
            log.info("open questions in a channel could not be looked at: %s", error)
            if is_passing(error):
                return 0
        return sum([await self._settle_one(promise, found or []) for promise in promises])

    async def _settle_one(self, promise: Promise, found: list[discord.Message]) -> bool:
        """Says whether it has a mark now; what fails for the time being stays open."""
        marked = False
        try:
            marked = await self._settle(promise, found)
        except (ApiError, StorageError, *TRANSIENT) as error:
            log.info("an open question could not be looked after: %s", error)
            if not isinstance(error, TRANSIENT) or is_passing(error):
                return False
        if not (marked and promise.question):
            await self._promises.forget(promise.id)
        return marked

    async def _settle(self, promise: Promise, found: list[discord.Message]) -> bool:
        card = next((message for message in found if _is_card(message, promise)), None)
        if card is None or card.flags.loading:
            return await self._tell_alone(promise)
        thread = card.thread
        place = thread or card.channel
        if thread is not None:
            said = [message async for message in thread.history(limit=_LOOKED_AT)]
        else:
            said = await self._answering(card, found)
        last = next((message for message in said if self._is_words(message)), None)
        if last is not None and CURSOR not in last.content:
            return False
        ids = await self._conversation(promise, card, place.id, opened=thread is not None)
        language = await self._languages.of(card.guild, promise.member_id)
        if last is not None:
            view = self._views.when_done(ids, language) if ids else None
            await mark(self._client, Shown(last.id, place.id), f"-# {language.say(NOTE)}", view)
            await self._promises.forget(promise.id)
            return True
        words, view = await self._outcome(promise, ids, language)
        await self._say(words, place, None if thread else card, view)
        return True

    async def _answering(self, card: discord.Message, found: list[discord.Message]) -> list[discord.Message]:
        """What answers a question where it stands, newest first: what replies to it, or is noted to show its prompt."""
        ids = await self._threads.answer_in(card.id)
        shown = await self._threads.showing(ids.prompt_id) if ids and ids.prompt_id else []
        noted = {each.message_id for each in shown} - {card.id}
        return [message for message in reversed(found) if message.id in noted or _replies(message, card)]

    async def _tell_alone(self, promise: Promise) -> bool:
        """What is seen by one member alone can be changed by the interaction's token, for as long as that lives."""
        if promise.token is None or not promise.lives(self._now()) or self._client.application_id is None:
            return False
        channel = self._client.get_channel(promise.channel_id)
        guild = channel.guild if isinstance(channel, discord.abc.GuildChannel | discord.Thread) else None
        text = promise.question.text if promise.question else None
        ids = await self._begun(promise, text, guild.id, promise.member_id) if guild and text else None
        language = await self._languages.of(guild, promise.member_id)
        words, view = await self._outcome(promise, ids, language)
        webhook = discord.Webhook.partial(self._client.application_id, promise.token, client=self._client)
        nobody = discord.AllowedMentions.none()
        # https://discord.com/developers/docs/interactions/receiving-and-responding#edit-original-interaction-response
        await webhook.edit_message(cast("int", "@original"), content=words, view=view, allowed_mentions=nobody)
        return True

    async def _outcome(
        self, promise: Promise, ids: AnswerIds | None, language: Language
    ) -> tuple[str, discord.ui.View | None]:
        """What to say of a question that nobody saw an answer to, and the buttons with it."""
        if ids is not None:
            await self._promises.forget(promise.id)
            return language.say(NOTE), self._views.when_done(ids, language)
        if promise.question is None:
            return language.say(NEVER_BEGAN), None
        await self._promises.keep(promise.id)
        return language.say(CAN_RETRY), self._views.to_ask_again(promise.id, language)

    def _is_words(self, message: discord.Message) -> bool:
        return message.author == self._client.user and message.type in _SAID and bool(message.content)

    async def _say(
        self,
        words: str,
        place: "discord.abc.MessageableChannel",
        reference: discord.Message | None,
        view: discord.ui.View | None,
    ) -> None:
        nobody = discord.AllowedMentions.none()
        to = None if reference is None else reference.to_reference(fail_if_not_exists=False)
        # discord.py's overloads tell apart what is absent and what is None; Discord does not.
        await place.send(words, view=view or discord.utils.MISSING, reference=to, allowed_mentions=nobody)  # type: ignore[call-overload]

    # The conversation

    async def _conversation(
        self, promise: Promise, card: discord.Message, place_id: int, *, opened: bool
    ) -> AnswerIds | None:
        """What began of the answer on the gateway; the thread that was opened for it holds it from now on."""
        shown = (card.embeds[0].description or "") if card.embeds else card.content
        shown = promise.question.text if promise.question else shown
        held = await self._threads.in_channel(place_id)
        if held is not None and held.conversation_id is not None:
            return await self._asked_in(promise, held, card, shown)
        guild_id = held.guild_id if held is not None else card.guild.id if card.guild is not None else None
        asker = card.interaction_metadata.user if card.interaction_metadata is not None else card.author
        if guild_id is None:
            return None
        ids = await self._begun(promise, shown, guild_id, asker.id)
        if opened or held is not None:
            conversation_id = ids.conversation_id if ids else None
            owner_id = held.owner_id if held is not None else asker.id
            await self._threads.hold(
                Held(channel_id=place_id, guild_id=guild_id, owner_id=owner_id, conversation_id=conversation_id)
            )
        return ids

    async def _asked_in(self, promise: Promise, held: Held, card: discord.Message, shown: str) -> AnswerIds | None:
        """The prompt in the conversation of the place, where the gateway got it."""
        key = await self._keys.peek(held.guild_id, held.owner_id)
        if key is None or held.conversation_id is None:
            return None
        answer = await self._gateway.acting_with(key).get_conversation(held.conversation_id)
        since = discord.utils.snowflake_time(promise.id) - _CLOCKS_APART
        for message in reversed(answer.messages):
            if message.role != "user" or message.created_at < since or not _shows(shown, message):
                continue
            showing = [each.message_id for each in await self._threads.showing(message.id)]
            if not showing or card.id in showing:  # else it is another question, in the same words
                return AnswerIds(conversation_id=held.conversation_id, prompt_id=message.id)
        return None

    async def _begun(self, promise: Promise, shown: str, guild_id: int, member_id: int) -> AnswerIds | None:
        """The member's conversation that began with this question and that no thread or message shows."""
        key = await self._keys.peek(guild_id, member_id)
        if key is None:
            return None
        gateway = self._gateway.acting_with(key)
        since = discord.utils.snowflake_time(promise.id) - _CLOCKS_APART
        for entry in reversed((await gateway.list_conversations()).conversations):
            if entry.created_at < since or await self._threads.whose(entry.id) is not None:
                continue
            first = (await gateway.get_conversation(entry.id)).messages[0]
            if _shows(shown, first):
                return AnswerIds(conversation_id=entry.id, prompt_id=first.id)
        return None


def _shows(shown: str, message: Message) -> bool:
    """Whether a card, which may end in an ellipsis, shows this prompt."""
    return shown.removesuffix("…") in "".join(message.content.parts)


def _is_card(message: discord.Message, promise: Promise) -> bool:
    if promise.by_message or promise.card_id is not None:
        return message.id == (promise.card_id or promise.id)
    return message.interaction_metadata is not None and message.interaction_metadata.id == promise.id


def _replies(message: discord.Message, card: discord.Message) -> bool:
    return message.reference is not None and message.reference.message_id == card.id
