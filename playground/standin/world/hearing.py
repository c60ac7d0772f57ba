"""Who hears of what happens in a channel, and how it is said where."""

from playground.standin.world.entities import JSON, Channel, Message
from playground.standin.world.events import Sees
from playground.standin.world.state import State


def where(channel: Channel) -> JSON:
    """The ids by which events say where they happened."""
    shape: JSON = {"channel_id": str(channel.id)}
    return shape | {"guild_id": str(channel.guild_id)} if channel.guild_id is not None else shape


def seen_by(state: State, channel: Channel, message: Message | None = None) -> Sees:
    """Who sees a channel; of an ephemeral message, the one it is for."""
    if message is not None and message.ephemeral_to is not None:
        return lambda user_id: user_id == message.ephemeral_to
    return lambda user_id: state.can_view(channel, user_id)
