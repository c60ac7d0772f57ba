"""The two privileged intents: what the application has been granted, and what the settings make of it.

https://discord.com/developers/docs/resources/application#application-object-application-flags: each has two bits,
one for verified applications and a "limited" one for applications in fewer than 100 servers.
"""

import logging

import aiohttp
import msgspec

from bot.config import Config

log = logging.getLogger(__name__)

MESSAGE_CONTENT = 1 << 18 | 1 << 19
GUILD_MEMBERS = 1 << 14 | 1 << 15
_SECONDS = 10.0


class _Application(msgspec.Struct, frozen=True):
    flags: int = 0


async def settled(config: Config) -> Config:
    """The settings with every "auto" replaced by what Discord grants; by false where Discord does not say."""
    wishes = (config.discord.message_content, config.discord.guild_members)
    if "auto" not in wishes:
        return config
    flags = await _flags(config)
    content, members = (
        bool(flags & bits) if wish == "auto" else wish
        for wish, bits in zip(wishes, (MESSAGE_CONTENT, GUILD_MEMBERS), strict=True)
    )
    log.info("privileged intents: message content %s, server members %s", _word(content), _word(members))
    return msgspec.structs.replace(
        config, discord=msgspec.structs.replace(config.discord, message_content=content, guild_members=members)
    )


async def _flags(config: Config) -> int:
    headers = {"Authorization": f"Bot {config.secrets.discord_token}"}
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(headers=headers, timeout=timeout) as session,
            session.get(f"{config.discord.api_url}/applications/@me") as response,
        ):
            response.raise_for_status()
            return msgspec.json.decode(await response.read(), type=_Application).flags
    except (aiohttp.ClientError, TimeoutError, msgspec.MsgspecError) as error:
        log.warning("Discord did not tell the application's intents, so none is used: %s", type(error).__name__)
        return 0


def _word(granted: object) -> str:
    return "yes" if granted is True else "no"
