"""Plain messages as prompts: in a thread of one's own, in direct messages, by mention, in reply to an answer."""

import logging

import discord
from discord.ext import commands

from bot.errors import explain
from bot.guests import Guests
from bot.member_languages import MemberLanguages
from bot.offers import offer
from bot.rendering.errors import RenderingError
from bot.threads import Held, Threads
from cogs.ask.asking import Asking

log = logging.getLogger(__name__)
_PROMPTS = {discord.MessageType.default, discord.MessageType.reply}


class AskMessages(commands.Cog):
    """Discord shows a bot without the Message Content intent only direct messages, mentions and pinged replies
    (https://discord.com/developers/docs/events/gateway#message-content-intent); whatever comes is answered.
    """

    def __init__(
        self, bot: commands.AutoShardedBot, asking: Asking, threads: Threads, guests: Guests, languages: MemberLanguages
    ) -> None:
        self._bot = bot
        self._asking = asking
        self._threads = threads
        self._guests = guests
        self._languages = languages

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Answer what is meant for the bot, and nothing else."""
        if message.author.bot or message.webhook_id is not None or message.type not in _PROMPTS:
            return
        if not (message.content or message.attachments or self._is_called(message)):
            return
        held = await self._threads.in_channel(message.channel.id) or await self._replied_to(message)
        if await self._is_for_bot(message, held):
            await self._answer(message, held)

    async def _replied_to(self, message: discord.Message) -> Held | None:
        reference = message.reference
        if reference is None or reference.message_id is None:
            return None
        return await self._threads.of_answer(reference.message_id)

    async def _is_for_bot(self, message: discord.Message, held: Held | None) -> bool:
        # In a thread of one's own, or one that is shared, every message is a prompt.
        if self._is_called(message):
            return True
        if held is None:
            return False
        return held.owner_id == message.author.id or await self._guests.includes(
            held.conversation_id, message.author.id
        )

    def _is_called(self, message: discord.Message) -> bool:
        return message.guild is None or self._bot.user in message.mentions

    async def _answer(self, message: discord.Message, held: Held | None) -> None:
        language = await self._languages.of(message.guild, message.author.id)
        try:
            await self._show_typing(message)
            await self._asking.from_message(message, self._text(message), held, language)
        except RenderingError as error:
            log.info("an answer to a message could not be shown: %s", error.reason)
        except Exception as error:  # noqa: BLE001  whatever it was, it is logged and the member is told
            await self._say(message, language.say(explain(error)), offer(error))

    def _text(self, message: discord.Message) -> str:
        text = message.content
        if self._bot.user is not None:
            for mention in (f"<@{self._bot.user.id}>", f"<@!{self._bot.user.id}>"):
                text = text.replace(mention, " ")
        return text.strip()

    async def _show_typing(self, message: discord.Message) -> None:
        try:
            await message.channel.typing()
        except discord.HTTPException as error:
            log.info("could not show typing: %s", error)

    async def _say(self, message: discord.Message, words: str, view: discord.ui.View | None) -> None:
        nobody = discord.AllowedMentions.none()
        try:
            if view is None:
                await message.reply(words, mention_author=False, allowed_mentions=nobody)
            else:
                await message.reply(words, mention_author=False, allowed_mentions=nobody, view=view)
        except discord.HTTPException as error:
            log.warning("could not tell a member what went wrong: %s", error)
