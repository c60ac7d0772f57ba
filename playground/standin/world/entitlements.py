"""What people have bought. https://discord.com/developers/docs/resources/entitlement"""

from datetime import datetime

from playground.standin.world import shapes
from playground.standin.world.entities import Application, Entitlement
from playground.standin.world.errors import Code, Refused
from playground.standin.world.events import Event
from playground.standin.world.state import State

SUBSCRIPTION = 8


class Entitlements:
    """Grants, ends and lists entitlements. Their events go to shard 0: no guild stands in `Event.guild_id`."""

    def __init__(self, state: State) -> None:
        self._state = state

    def create(
        self,
        application: Application,
        sku_id: int,
        *,
        user_id: int | None = None,
        guild_id: int | None = None,
        test: bool = False,
        ends_at: datetime | None = None,
    ) -> Entitlement:
        """Somebody bought something, or a test does."""
        now = None if test else self._state.clock.now()
        each = Entitlement(
            self._state.snowflakes.make(), sku_id, application.id, user_id, guild_id, SUBSCRIPTION, now, ends_at
        )
        self._state.entitlements[each.id] = each
        self._tell("ENTITLEMENT_CREATE", application, each)
        return each

    def end(self, entitlement: Entitlement, ends_at: datetime) -> None:
        """A subscription is cancelled: it ends, and no event says so when it does.

        https://discord.com/developers/docs/monetization/entitlements
        """
        entitlement.ends_at = ends_at
        self._tell("ENTITLEMENT_UPDATE", self._state.application(entitlement.application_id), entitlement)

    def delete(self, entitlement: Entitlement) -> None:
        """It is refunded, or a test entitlement is removed."""
        entitlement.deleted = True
        self._tell("ENTITLEMENT_DELETE", self._state.application(entitlement.application_id), entitlement)

    def get(self, application: Application, entitlement_id: int) -> Entitlement:
        """Raises `Refused` 10029."""
        each = self._state.entitlements.get(entitlement_id)
        if each is None or each.application_id != application.id:
            raise Refused(Code.UNKNOWN_ENTITLEMENT)
        return each

    def _tell(self, name: str, application: Application, each: Entitlement) -> None:
        bot_id = application.bot.id
        self._state.bus.emit(Event(name, shapes.entitlement(each), None, lambda user_id: user_id == bot_id))
