"""Checks of the Discord application: its token, the two privileged intents, and the SKUs that the settings name."""

import aiohttp
import msgspec

from bot.config import Config
from bot.doctor.finding import Finding, Refused, get_json
from bot.intents import GUILD_MEMBERS, MESSAGE_CONTENT

_INTENTS = (
    (
        "Message Content intent",
        "message_content",
        MESSAGE_CONTENT,
        "plain messages in a thread are not read; members use /followup, the button or a mention",
    ),
    (
        "Server Members intent",
        "guild_members",
        GUILD_MEMBERS,
        "a changed role counts from the member's next command on, not at once",
    ),
)

_GROUP = 6  # comes with each subscription, and nobody is entitled to it
# https://docs.discord.com/developers/resources/sku#sku-object-sku-types


class _Named(msgspec.Struct, frozen=True):
    id: str
    username: str = ""


class _Sku(msgspec.Struct, frozen=True):
    id: str
    name: str = ""
    type: int = 0


class _Application(msgspec.Struct, frozen=True):
    id: str
    flags: int = 0
    integration_types_config: dict[str, msgspec.Raw] = {}


async def check_discord(config: Config) -> list[Finding]:
    """The token, the two privileged intents, and the SKUs."""
    token = config.secrets.discord_token
    if not token:
        return [
            Finding(
                check="Discord token",
                result="failed",
                detail="DISCORD_TOKEN is not set; `rolekey run` starts the playground",
                advice="Put the token from the application's Bot page into .env. For a gateway alone: --no-discord.",
            )
        ]
    headers = {"Authorization": f"Bot {token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        try:
            me = await get_json(session, f"{config.discord.api_url}/users/@me", _Named)
            application = await get_json(session, f"{config.discord.api_url}/applications/@me", _Application)
            skus = await _skus(config, session, application.id)
        except Refused as refused:
            return [_discord_refused(refused, config)]
        except aiohttp.ClientError:
            return [
                Finding(
                    check="Discord token",
                    result="failed",
                    detail=f"{config.discord.api_url} cannot be reached",
                    advice="Look at this machine's network, DNS and firewall, and at [discord] api_url.",
                )
            ]
    token_finding = Finding(check="Discord token", result="ok", detail=f"signed in as {me.username} ({me.id})")
    return [token_finding, *_intents(config, application.flags), _user_install(config, application), *skus]


def _user_install(config: Config, application: _Application) -> Finding:
    """https://docs.discord.com/developers/resources/application#application-object-application-integration-types"""
    check = "User Install"
    if "1" in application.integration_types_config:
        detail = "on: members can bring the app along to where their server's admins allow it"
        return Finding(check=check, result="ok", detail=detail)
    advice = "Switch User Install on on the application's Installation page"
    if config.answers.elsewhere:
        detail = "off, and [answers] elsewhere lets members bring the app along"
        return Finding(check=check, result="failed", detail=detail, advice=f"{advice}, or set elsewhere to false.")
    return Finding(check=check, result="absent", detail="off: the app is for servers", advice=f"{advice} to have it.")


async def _skus(config: Config, session: aiohttp.ClientSession, application_id: str) -> list[Finding]:
    """Whether the application has what is said to give plus: https://docs.discord.com/developers/resources/sku."""
    wanted, check = config.access.plus_skus, "subscriptions"
    if not wanted:
        return []
    try:
        listed = await get_json(session, f"{config.discord.api_url}/applications/{application_id}/skus", list[_Sku])
    except Refused as refused:
        advice = "Look at discordstatus.com; whoever has these already keeps plus meanwhile."
        detail = f"Discord does not list the application's SKUs: {refused}"
        return [Finding(check=check, result="failed", detail=detail, advice=advice)]
    found = [sku for sku in listed if sku.type != _GROUP]
    missing = [str(sku) for sku in wanted if str(sku) not in {sku.id for sku in found}]
    if not missing:
        names = ", ".join(sku.name for sku in found if int(sku.id) in wanted)
        return [Finding(check=check, result="ok", detail=f"plus comes with {names}")]
    advice = (
        "Copy the ids from the application's SKUs page: "
        + (", ".join(f"{sku.id} is {sku.name}" for sku in found) or "it has none yet")
        + "."
    )
    detail = f"[access] plus_skus names what this application does not sell: {', '.join(missing)}"
    return [Finding(check=check, result="failed", detail=detail, advice=advice)]


def _discord_refused(refused: Refused, config: Config) -> Finding:
    if refused.status in {401, 403}:
        detail = "Discord does not accept the token"
        advice = "Reset the token on the application's Bot page and put the new one into .env."
    else:
        detail = f"{config.discord.api_url} answered with {refused}"
        advice = "Look at discordstatus.com, and at [discord] api_url."
    return Finding(check="Discord token", result="failed", detail=detail, advice=advice)


def _intents(config: Config, flags: int) -> list[Finding]:
    findings: list[Finding] = []
    for check, setting, bits, without in _INTENTS:
        wanted = getattr(config.discord, setting)
        if wanted is False:
            findings.append(Finding(check=check, result="absent", detail=f"not used: [discord] {setting} = false"))
        elif flags & bits:
            findings.append(Finding(check=check, result="ok", detail="granted"))
        elif wanted is True:
            advice = f"Switch it on on the application's Bot page, or set [discord] {setting} to auto."
            detail = "not granted, and the settings insist on it: Discord will refuse the connection"
            findings.append(Finding(check=check, result="failed", detail=detail, advice=advice))
        else:
            advice = "Fine as it is. To have it, switch it on on the application's Bot page."
            findings.append(Finding(check=check, result="absent", detail=f"not granted: {without}", advice=advice))
    return findings
