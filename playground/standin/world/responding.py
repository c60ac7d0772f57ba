"""What an application does with an interaction: answer it once, in time; then change the answer, and follow up.

https://discord.com/developers/docs/interactions/receiving-and-responding#responding-to-an-interaction
"""

from playground.standin.world import shapes
from playground.standin.world.commands import SLASH
from playground.standin.world.components import check_form
from playground.standin.world.drafts import Draft, numbered
from playground.standin.world.entities import JSON, Message, MessageFlag, MessageType, listed
from playground.standin.world.errors import Code, InvalidForm, Refused
from playground.standin.world.events import Event
from playground.standin.world.interaction import Callback, Interaction, InteractionType, Stage
from playground.standin.world.messages import Messages
from playground.standin.world.state import State

_ALLOWED = {
    InteractionType.COMMAND: {Callback.MESSAGE, Callback.DEFERRED_MESSAGE, Callback.MODAL},
    InteractionType.AUTOCOMPLETE: {Callback.AUTOCOMPLETE},
    InteractionType.COMPONENT: {
        Callback.MESSAGE,
        Callback.DEFERRED_MESSAGE,
        Callback.DEFERRED_UPDATE,
        Callback.UPDATE,
        Callback.MODAL,
    },
    InteractionType.MODAL: {
        Callback.MESSAGE,
        Callback.DEFERRED_MESSAGE,
        Callback.DEFERRED_UPDATE,
        Callback.UPDATE,
    },
}


class Responding:
    """Everything an interaction's token opens."""

    def __init__(self, state: State, messages: Messages) -> None:
        self._state = state
        self._messages = messages

    def find(self, interaction_id: int, token: str) -> Interaction:
        """The interaction to be answered. Raises `Refused` 10062."""
        interaction = self._state.interactions.get(token)
        if interaction is None or interaction.id != interaction_id:
            raise Refused(Code.UNKNOWN_INTERACTION)
        return interaction

    def by_token(self, application_id: int, token: str) -> Interaction:
        """The interaction whose webhook this is. Raises `Refused` 10015, or 50027 after its 15 minutes."""
        interaction = self._state.interactions.get(token)
        if interaction is None or interaction.application.id != application_id:
            raise Refused(Code.UNKNOWN_WEBHOOK)
        if interaction.expired(self._state.clock.now()):
            raise Refused(Code.INVALID_WEBHOOK_TOKEN)
        if interaction.stage in (Stage.WAITING, Stage.FAILED):
            raise Refused(Code.UNKNOWN_WEBHOOK)
        return interaction

    # The one answer

    def respond(self, interaction: Interaction, kind: int, draft: Draft) -> None:
        """Answer. Raises `Refused` 10062 when it is too late, 40060 the second time, 50035 for what does not fit."""
        if interaction.stage is Stage.FAILED:
            raise Refused(Code.UNKNOWN_INTERACTION)
        if interaction.stage is not Stage.WAITING:
            raise Refused(Code.ALREADY_ACKNOWLEDGED)
        callback = _callback(interaction, kind)
        {
            Callback.MESSAGE: self._message,
            Callback.DEFERRED_MESSAGE: self._defer,
            Callback.DEFERRED_UPDATE: self._defer_update,
            Callback.UPDATE: self._update,
            Callback.AUTOCOMPLETE: self._complete,
            Callback.MODAL: self._open_modal,
        }[callback](interaction, draft)
        interaction.callback = callback
        if interaction.deadline is not None:
            interaction.deadline.cancel()
        self._tell(interaction, callback)

    def _message(self, interaction: Interaction, draft: Draft) -> None:
        draft.check_not_empty()
        interaction.ephemeral = draft.ephemeral
        interaction.original = self._post(interaction, draft, self._type_of_answer(interaction))
        interaction.stage = Stage.ANSWERED

    def _defer(self, interaction: Interaction, draft: Draft) -> None:
        interaction.ephemeral = draft.ephemeral
        loading = Draft({"flags": 0})
        interaction.original = self._post(interaction, loading, self._type_of_answer(interaction), loading=True)
        interaction.stage = Stage.DEFERRED

    def _defer_update(self, interaction: Interaction, _draft: Draft) -> None:
        interaction.original = self._source(interaction)
        interaction.stage = Stage.ANSWERED

    def _update(self, interaction: Interaction, draft: Draft) -> None:
        source = self._source(interaction)
        self._messages.change(interaction.channel, source, draft)
        interaction.original = source
        interaction.stage = Stage.ANSWERED

    def _complete(self, interaction: Interaction, draft: Draft) -> None:
        choices: list[JSON] = listed(draft.body, "choices")
        if len(choices) > 25:
            raise InvalidForm("data.choices", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
        for index, choice in enumerate(choices):
            if not 1 <= len(choice["name"]) <= 100:
                raise InvalidForm(
                    f"data.choices.{index}.name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length."
                )
            if isinstance(choice["value"], str) and len(choice["value"]) > 100:
                raise InvalidForm(
                    f"data.choices.{index}.value", "BASE_TYPE_MAX_LENGTH", "Must be 100 or fewer in length."
                )
        interaction.choices = choices
        interaction.stage = Stage.ANSWERED

    def _open_modal(self, interaction: Interaction, draft: Draft) -> None:
        check_form(draft.body)
        interaction.modal = {**draft.body, "components": numbered(draft.components)}
        interaction.stage = Stage.ANSWERED

    def _tell(self, interaction: Interaction, callback: Callback) -> None:
        """The client of who set it off stops waiting."""
        name, data = "INTERACTION_SUCCESS", {"id": str(interaction.id), "nonce": interaction.nonce}
        if callback is Callback.MODAL and interaction.modal is not None:
            name, data = "INTERACTION_MODAL_CREATE", data | interaction.modal
        elif callback is Callback.AUTOCOMPLETE:
            name = "APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE"
            data: JSON = data | {"choices": interaction.choices}
        user_id = interaction.user.id
        self._state.bus.emit(Event(name, data, interaction.channel.guild_id, lambda other_id: other_id == user_id))

    # The answer afterwards

    def message(self, interaction: Interaction, message_id: int | None) -> Message:
        """One of its messages; with None the original. Raises `Refused` 10008."""
        own = [interaction.original, *interaction.followups]
        for message in own if message_id is not None else own[:1]:
            held = message is not None and message.id in self._state.messages.get(message.channel_id, {})
            if message is not None and held and message_id in (None, message.id):
                return message
        raise Refused(Code.UNKNOWN_MESSAGE)

    def edit(self, interaction: Interaction, message_id: int | None, draft: Draft) -> Message:
        """Change one of its messages; a deferred original appears by it."""
        message = self._messages.change(interaction.channel, self.message(interaction, message_id), draft)
        if message is interaction.original:
            interaction.stage = Stage.ANSWERED
        return message

    def delete(self, interaction: Interaction, message_id: int | None) -> None:
        """Take one of its messages away."""
        self._messages.remove(interaction.channel, self.message(interaction, message_id))

    def follow_up(self, interaction: Interaction, draft: Draft) -> Message:
        """One more message; the first after a deferral takes the place of the one that is awaited.

        https://discord.com/developers/docs/interactions/receiving-and-responding#followup-messages
        """
        draft.check_not_empty()
        if interaction.stage is Stage.DEFERRED:
            return self.edit(interaction, None, draft)
        message = self._post(interaction, draft, MessageType.REPLY, ephemeral=draft.ephemeral)
        interaction.followups.append(message)
        return message

    def _post(
        self,
        interaction: Interaction,
        draft: Draft,
        kind: MessageType,
        *,
        ephemeral: bool | None = None,
        loading: bool = False,
    ) -> Message:
        private = interaction.ephemeral if ephemeral is None else ephemeral
        metadata = interaction.metadata | {"user": shapes.user(interaction.user)}
        original = interaction.original or interaction.source
        if kind is MessageType.REPLY and interaction.original is not None:
            metadata["original_response_message_id"] = str(interaction.original.id)
        if interaction.triggered_by is not None:
            outer = interaction.triggered_by
            metadata["triggering_interaction_metadata"] = outer.metadata | {"user": shapes.user(outer.user)}
        return self._messages.answer(
            interaction.channel,
            interaction.application.id,
            draft,
            type=kind if kind is not MessageType.REPLY or original is not None else MessageType.DEFAULT,
            reference=(original.channel_id, original.id) if kind is MessageType.REPLY and original else None,
            interaction_metadata=metadata,
            ephemeral_to=interaction.user.id if private else None,
            flags=draft.flags | (MessageFlag.LOADING if loading else 0),
        )

    @staticmethod
    def _type_of_answer(interaction: Interaction) -> MessageType:
        if interaction.type is InteractionType.COMMAND:
            slash = interaction.data["type"] == SLASH
            return MessageType.CHAT_INPUT_COMMAND if slash else MessageType.CONTEXT_MENU_COMMAND
        return MessageType.REPLY if interaction.source is not None else MessageType.DEFAULT

    @staticmethod
    def _source(interaction: Interaction) -> Message:
        if interaction.source is None:
            raise InvalidForm("type", "INTERACTION_TYPE_NO_MESSAGE", "There is no message to update")
        return interaction.source


def _callback(interaction: Interaction, kind: int) -> Callback:
    allowed = _ALLOWED.get(interaction.type, set[Callback]())
    if kind not in allowed:
        raise InvalidForm("type", "BASE_TYPE_CHOICES", f"Value must be one of {sorted(allowed)}.")
    return Callback(kind)
