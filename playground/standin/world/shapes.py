"""How the world looks as Discord's JSON. https://discord.com/developers/docs/resources"""

from collections.abc import Callable
from datetime import datetime

from playground.standin.world import permissions
from playground.standin.world.embedding import with_pictures
from playground.standin.world.entities import (
    JSON,
    THREAD_TYPES,
    Application,
    Attachment,
    Channel,
    ChannelType,
    Command,
    Entitlement,
    Guild,
    Member,
    Message,
    MessageFlag,
    MessageType,
    Role,
    User,
)
from playground.standin.world.state import State


def timestamp(moment: datetime) -> str:
    """ISO 8601, to the microsecond, with its offset, as Discord writes it."""
    return moment.isoformat(timespec="microseconds")


def maybe(moment: datetime | None) -> str | None:
    """The same, where there may be none."""
    return None if moment is None else timestamp(moment)


def _id(snowflake: int | None) -> str | None:
    return None if snowflake is None else str(snowflake)


def user(of: User) -> JSON:
    """https://discord.com/developers/docs/resources/user#user-object"""
    shape: JSON = {
        "id": str(of.id),
        "username": of.username,
        "discriminator": "0" if not of.bot else f"{of.id % 10000:04}",
        "global_name": of.global_name,
        "avatar": of.avatar,
        "public_flags": 0,
        "flags": 0,
        "banner": None,
        "accent_color": None,
        "avatar_decoration_data": None,
        "collectibles": None,
        "primary_guild": None,
    }
    return shape | {"bot": True} if of.bot else shape


def own_user(of: User) -> JSON:
    """The user an application sees as itself."""
    return user(of) | {"mfa_enabled": True, "locale": of.locale, "verified": True, "email": None}


def role(of: Role) -> JSON:
    """https://discord.com/developers/docs/topics/permissions#role-object"""
    shape: JSON = {
        "id": str(of.id),
        "name": of.name,
        "description": None,
        "permissions": str(of.permissions),
        "position": of.position,
        "color": of.colour,
        "colors": {"primary_color": of.colour, "secondary_color": None, "tertiary_color": None},
        "hoist": of.hoist,
        "managed": of.bot_id is not None,
        "mentionable": of.mentionable,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }
    return shape | {"tags": {"bot_id": str(of.bot_id)}} if of.bot_id is not None else shape


def bare_member(of: Member) -> JSON:
    """A member without the user, as it stands beside a message's author."""
    return {
        "roles": [str(role_id) for role_id in of.role_ids],
        "nick": of.nick,
        "avatar": None,
        "banner": None,
        "joined_at": timestamp(of.joined_at),
        "premium_since": None,
        "communication_disabled_until": maybe(of.timed_out_until),
        "pending": False,
        "flags": 0,
        "mute": False,
        "deaf": False,
    }


def member(of: Member) -> JSON:
    """https://discord.com/developers/docs/resources/guild#guild-member-object"""
    return bare_member(of) | {"user": user(of.user)}


def command(of: Command) -> JSON:
    """https://discord.com/developers/docs/interactions/application-commands#application-command-object"""
    shape: JSON = {
        **of.definition,
        "id": str(of.id),
        "application_id": str(of.application_id),
        "version": str(of.version),
    }
    return shape | {"guild_id": str(of.guild_id)} if of.guild_id is not None else shape


def entitlement(of: Entitlement) -> JSON:
    """https://discord.com/developers/docs/resources/entitlement#entitlement-object"""
    shape: JSON = {
        "id": str(of.id),
        "sku_id": str(of.sku_id),
        "application_id": str(of.application_id),
        "user_id": _id(of.user_id) or "0",
        "type": of.type,
        "deleted": of.deleted,
        "consumed": of.consumed,
        "starts_at": maybe(of.starts_at),
        "ends_at": maybe(of.ends_at),
    }
    return shape | {"guild_id": str(of.guild_id)} if of.guild_id is not None else shape


class Shapes:
    """Shapes that need to look further into the world; `cdn_url` is where files are fetched from."""

    def __init__(self, state: State, cdn_url: Callable[[], str]) -> None:
        self._state = state
        self._cdn_url = cdn_url

    def application(self, of: Application) -> JSON:
        """https://discord.com/developers/docs/resources/application#application-object"""
        guilds = [guild for guild in self._state.guilds.values() if of.bot.id in guild.members]
        return {
            "id": str(of.id),
            "name": of.name,
            "icon": None,
            "description": "",
            "type": None,
            "bot": user(of.bot),
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": of.verify_key,
            "flags": of.flags,
            "flags_new": str(of.flags),
            "hook": True,
            "is_monetized": bool(of.skus),
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "role_connections_verification_url": None,
            "integration_types_config": {"0": {}},
            "owner": user(of.owner),
            "approximate_guild_count": len(guilds),
            "approximate_user_install_count": 0,
            "approximate_user_authorization_count": 0,
            "explicit_content_filter": 0,
            "team": None,
            "tags": [],
            "eligible_oauth2_scopes": [],
        }

    def attachment(self, of: Attachment) -> JSON:
        """https://discord.com/developers/docs/resources/message#attachment-object"""
        channel_id, _ = self._state.attachments[of.id]
        folder = "ephemeral-attachments" if of.ephemeral else "attachments"
        url = f"{self._cdn_url()}/{folder}/{channel_id}/{of.id}/{of.filename}"
        shape: JSON = {
            "id": str(of.id),
            "filename": of.filename,
            "size": len(of.data),
            "url": url,
            "proxy_url": url,
            "content_type": of.content_type,
        }
        if of.width is not None:
            shape |= {"width": of.width, "height": of.height}
        if of.description is not None:
            shape["description"] = of.description
        return shape | {"ephemeral": True} if of.ephemeral else shape

    def channel(self, of: Channel) -> JSON:
        """https://discord.com/developers/docs/resources/channel#channel-object"""
        if of.type is ChannelType.DM:
            return self._direct_messages(of)
        if of.type in THREAD_TYPES:
            return self.thread(of)
        return {
            "id": str(of.id),
            "type": int(of.type),
            "guild_id": str(of.guild_id),
            "name": of.name,
            "topic": of.topic,
            "position": of.position,
            "parent_id": _id(of.parent_id),
            "nsfw": of.nsfw,
            "rate_limit_per_user": of.slowmode_seconds,
            "last_message_id": _id(of.last_message_id),
            "flags": 0,
            "permission_overwrites": [
                {"id": str(o.id), "type": o.kind, "allow": str(o.allow), "deny": str(o.deny)}
                for o in of.overwrites.values()
            ],
        }

    def _direct_messages(self, of: Channel) -> JSON:
        return {
            "id": str(of.id),
            "type": int(of.type),
            "last_message_id": _id(of.last_message_id),
            "flags": 0,
            "recipients": [user(recipient) for recipient in of.recipients if not recipient.bot],
        }

    def thread(self, of: Channel, viewer_id: int | None = None) -> JSON:
        """A thread; with `member` where the viewer has joined it."""
        part = of.as_thread
        shape: JSON = {
            "id": str(of.id),
            "type": int(of.type),
            "guild_id": str(of.guild_id),
            "parent_id": str(of.parent_id),
            "owner_id": str(part.owner_id),
            "name": of.name,
            "last_message_id": _id(of.last_message_id),
            "message_count": part.message_count,
            "total_message_sent": part.total_messages,
            "member_count": min(len(part.members), 50),
            "rate_limit_per_user": of.slowmode_seconds,
            "flags": 0,
            "thread_metadata": self._thread_metadata(of),
        }
        if viewer_id is not None and viewer_id in part.members:
            shape["member"] = self.thread_member(of, viewer_id)
        return shape

    def _thread_metadata(self, of: Channel) -> JSON:
        part = of.as_thread
        shape: JSON = {
            "archived": part.archived,
            "archive_timestamp": timestamp(part.archived_at),
            "auto_archive_duration": part.auto_archive_minutes,
            "locked": part.locked,
            "create_timestamp": timestamp(part.created_at),
        }
        return shape | {"invitable": part.invitable} if of.type is ChannelType.PRIVATE_THREAD else shape

    def thread_member(self, of: Channel, user_id: int) -> JSON:
        """https://discord.com/developers/docs/resources/channel#thread-member-object"""
        joined = timestamp(of.as_thread.members[user_id])
        return {"id": str(of.id), "user_id": str(user_id), "join_timestamp": joined, "flags": 0}

    def message(self, of: Message) -> JSON:
        """https://discord.com/developers/docs/resources/message#message-object, with the message it refers to."""
        shape = self._message(of)
        if of.reference is not None:
            shape |= self._reference(of, of.reference)
        if of.flags & MessageFlag.HAS_THREAD and (thread := self._state.channels.get(of.id)) is not None:
            shape["thread"] = self.thread(thread)
        if of.reactions:
            shape["reactions"] = [_reaction(emoji, users) for emoji, users in of.reactions.items()]
        return shape

    def _message(self, of: Message) -> JSON:
        embeds, attachments = with_pictures(of.embeds, [self.attachment(each) for each in of.attachments])
        shape: JSON = {
            "id": str(of.id),
            "channel_id": str(of.channel_id),
            "type": int(of.type),
            "author": user(of.author),
            "content": of.content,
            "timestamp": timestamp(of.created_at),
            "edited_timestamp": maybe(of.edited_at),
            "tts": of.tts,
            "pinned": of.pinned_at is not None,
            "flags": of.flags,
            "mention_everyone": of.mentions.everyone,
            "mentions": [user(mentioned) for mentioned in of.mentions.users],
            "mention_roles": [str(role_id) for role_id in of.mentions.role_ids],
            "attachments": attachments,
            "embeds": embeds,
            "components": of.components,
        }
        optional = {
            "application_id": _id(of.application_id),
            "webhook_id": _id(of.webhook_id),
            "interaction_metadata": of.interaction_metadata,
            "nonce": of.nonce,
        }
        return shape | {name: value for name, value in optional.items() if value is not None}

    def _reference(self, of: Message, reference: tuple[int, int]) -> JSON:
        channel_id, message_id = reference
        channel = self._state.channels.get(of.channel_id)
        shape: JSON = {"type": 0, "channel_id": str(channel_id), "message_id": str(message_id)}
        if channel is not None and channel.guild_id is not None:
            shape["guild_id"] = str(channel.guild_id)
        referenced = self._state.messages.get(channel_id, {}).get(message_id)
        shown = of.type in (MessageType.REPLY, MessageType.THREAD_STARTER_MESSAGE)
        inner = {"referenced_message": self._message(referenced) if referenced is not None else None} if shown else {}
        return {"message_reference": shape} | inner

    def guild(self, of: Guild) -> JSON:
        """https://discord.com/developers/docs/resources/guild#guild-object"""
        return {
            "id": str(of.id),
            "name": of.name,
            "icon": of.icon,
            "description": None,
            "home_header": None,
            "splash": None,
            "discovery_splash": None,
            "features": [],
            "banner": None,
            "owner_id": str(of.owner_id),
            "application_id": None,
            "region": "deprecated",
            "afk_channel_id": None,
            "afk_timeout": 300,
            "system_channel_id": _id(of.system_channel_id),
            "system_channel_flags": 0,
            "widget_enabled": False,
            "widget_channel_id": None,
            "verification_level": 0,
            "roles": [role(each) for each in of.roles.values()],
            "default_message_notifications": 0,
            "mfa_level": 0,
            "explicit_content_filter": 0,
            "max_presences": None,
            "max_members": 25_000_000,
            "max_stage_video_channel_users": 50,
            "max_video_channel_users": 25,
            "vanity_url_code": None,
            "premium_tier": 0,
            "premium_subscription_count": 0,
            "preferred_locale": of.locale,
            "rules_channel_id": None,
            "safety_alerts_channel_id": None,
            "public_updates_channel_id": None,
            "premium_progress_bar_enabled": False,
            "nsfw": False,
            "nsfw_level": 0,
            "emojis": [],
            "stickers": [],
            "incidents_data": None,
        }

    def guild_create(self, of: Guild, viewer_id: int) -> JSON:
        """A server as GUILD_CREATE tells a bot of it. Without the presence intent, of members only the bot itself.

        https://discord.com/developers/docs/events/gateway-events#guild-create
        """
        state = self._state
        threads = [t for t in state.threads_of(of) if t.thread and not t.thread.archived]
        return self.guild(of) | {
            "joined_at": timestamp(of.members[viewer_id].joined_at),
            "large": len(of.members) > 250,
            "unavailable": False,
            "member_count": len(of.members),
            "members": [member(of.members[viewer_id])],
            "channels": [self.channel(channel) for channel in state.guild_channels(of)],
            "threads": [self.thread(thread, viewer_id) for thread in threads if state.can_view(thread, viewer_id)],
            "presences": [],
            "voice_states": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }

    def resolved_member(self, of: Member, channel: Channel) -> JSON:
        """A member with what they may do in a channel, as interactions carry them."""
        return bare_member(of) | {"permissions": str(self._state.permissions(channel, of.user.id))}

    def interaction_channel(self, of: Channel, viewer_id: int) -> JSON:
        """A channel with what the viewer may do in it, as interactions carry it."""
        return self.channel(of) | {"permissions": str(self._state.permissions(of, viewer_id) & permissions.ALL)}


def _reaction(emoji: str, users: list[int]) -> JSON:
    return {
        "emoji": {"id": None, "name": emoji},
        "count": len(users),
        "count_details": {"burst": 0, "normal": len(users)},
        "burst_colors": [],
        "me_burst": False,
        "burst_me": False,
        "me": False,
        "burst_count": 0,
    }
