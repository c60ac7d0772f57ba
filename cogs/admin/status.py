"""What /admin status shows: what helps an admin of one server, and nothing of the operator's or of other servers'."""

from collections import Counter
from collections.abc import Callable, Sequence
from time import perf_counter

import discord
from discord.ext import commands

from bot.access import TIERS, Tier, TierName
from bot.batches import KeyBatches
from bot.faults import Faults
from bot.languages import Language, Phrase, counted
from bot.prompting import Prompting
from bot.sweep import Sweep, SweepReport
from gateway.client import GatewayClient
from gateway.errors import ApiError
from gateway.wire import Account

_FAULTS_SHOWN = 3
_READY = {"closed", "half_open"}


class Status:
    """Asks everything how it is. `accounts` gives those of an embedded gateway; another one tells its admins only."""

    def __init__(
        self,
        bot: commands.AutoShardedBot,
        gateway: GatewayClient,
        accounts: Callable[[], Sequence[Account]] | None,
        prompting: Prompting,
        sweep: Sweep,
        batches: KeyBatches,
        faults: Faults,
    ) -> None:
        self._bot = bot
        self._gateway = gateway
        self._accounts = accounts
        self._prompting = prompting
        self._sweep = sweep
        self._batches = batches
        self._faults = faults

    async def card(self, guild: discord.Guild, language: Language) -> discord.Embed:
        """Everything on one card."""
        say = language.say
        card = discord.Embed(title=say("Status"), colour=discord.Colour(0x4F6BED))
        card.add_field(name=say("Gateway"), value=say(await self._gateway_phrase()), inline=False)
        accounts = [say(line) for line in self._account_lines()]
        card.add_field(name=say("Accounts"), value="\n".join(accounts), inline=False)
        card.add_field(name=say("Answers under way"), value=say(Phrase("{count}", count=self._prompting.running)))
        card.add_field(name=say("Connection to Discord"), value=say(self._shard_phrase(guild)))
        card.add_field(name=say("Errors since the start"), value=self._fault_lines(language), inline=False)
        report = await self._sweep.last()
        card.add_field(name=say("Last sweep"), value=say(_sweep_phrase(report)), inline=False)
        return card

    async def _gateway_phrase(self) -> Phrase:
        began = perf_counter()
        try:
            health = await self._gateway.health()
        except ApiError as error:
            return Phrase("🔴 It does not answer: `{code}`.", code=error.code)
        took = round((perf_counter() - began) * 1000)
        return Phrase("🟢 Version {version}, answered in {count} ms", version=health.version, count=took)

    def _account_lines(self) -> list[Phrase]:
        if self._accounts is None:
            return [Phrase("Only the gateway's own admins see them.")]
        accounts = self._accounts()
        total = Counter[TierName](account.tier for account in accounts)
        ready = Counter[TierName](account.tier for account in accounts if account.state in _READY)
        busy = Counter[TierName]()
        for account in accounts:
            busy[account.tier] += account.in_flight
        return [
            Phrase(
                "{mark} {tier}: {ready} of {total} ready, {busy} prompts under way",
                mark="🟢" if ready[tier] == total[tier] else "🟡" if ready[tier] else "🔴",
                tier=TIERS[Tier.named(tier)],
                ready=ready[tier],
                total=total[tier],
                busy=busy[tier],
            )
            for tier in sorted(total)
        ] or [Phrase("none")]

    def _shard_phrase(self, guild: discord.Guild) -> Phrase:
        shard = self._bot.get_shard(guild.shard_id)
        count = self._bot.shard_count or 1
        if shard is None or shard.is_closed():
            return Phrase("🔴 Shard {shard} of {count} is not connected.", shard=guild.shard_id + 1, count=count)
        latency = shard.latency
        if latency != latency or latency == float("inf"):  # before the first heartbeat was answered
            return Phrase("🟢 Shard {shard} of {count}", shard=guild.shard_id + 1, count=count)
        return Phrase(
            "🟢 Shard {shard} of {count}, {latency} ms",
            shard=guild.shard_id + 1,
            count=count,
            latency=round(latency * 1000),
        )

    def _fault_lines(self, language: Language) -> str:
        count = language.say(Phrase("{count}", count=self._faults.count))
        last = self._faults.last(_FAULTS_SHOWN)
        return "\n".join([count, *(f"`{fault.reference}` {fault.kind} <t:{int(fault.at)}:R>" for fault in last)])


def _sweep_phrase(report: SweepReport | None) -> Phrase:
    if report is None:
        return Phrase("There was none yet.")
    tally = report.tally
    failures = len(report.failures) + tally.failed
    return Phrase(
        "{when}: {list_of_counts}.",
        when=discord.utils.format_dt(report.ended, "R"),
        list_of_counts=[
            counted("{count} key checked", "{count} keys checked", tally.checked),
            counted("{count} changed", "{count} changed", tally.changed),
            counted("{count} renewed", "{count} renewed", tally.renewed),
            counted("{count} revoked", "{count} revoked", tally.revoked),
            counted("{count} failure", "{count} failures", failures),
        ],
    )
