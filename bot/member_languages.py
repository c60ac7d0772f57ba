"""Which language a member reads, for where no interaction tells: in direct messages, where there is no server's."""

from typing import Any

import discord
import msgspec

from bot.languages import ENGLISH, Language, Languages
from storage import Store


class _Used(msgspec.Struct):
    locale: str


class MemberLanguages:
    """Remembers the language in which each member last used Discord, where that is not English.

    Calls raise `storage.StorageError`.
    """

    def __init__(self, store: Store, languages: Languages) -> None:
        self._store = store
        self._languages = languages

    async def hear(self, interaction: discord.Interaction[Any]) -> None:
        """Each interaction tells."""
        member_id, locale = interaction.user.id, interaction.locale
        used = await self._store.one("get_language", _Used, member_id=member_id)
        if self._languages.in_locale(locale) is ENGLISH:
            if used is not None:
                await self._store.run("delete_language", member_id=member_id)
        elif used is None or used.locale != locale.value:
            await self._store.run("put_language", member_id=member_id, locale=locale.value)

    async def of(self, guild: discord.Guild | None, member_id: int) -> Language:
        """A server's preferred language; in direct messages the member's own."""
        if guild is not None:
            return self._languages.of_guild(guild)
        used = await self._store.one("get_language", _Used, member_id=member_id)
        return ENGLISH if used is None else self._languages.in_locale(discord.Locale(used.locale))
