"""What somebody set off, as the one who waits for its answer sees it."""

from dataclasses import dataclass

from playground.standin.journal import Journal
from playground.standin.world.entities import JSON, Message, MessageFlag
from playground.standin.world.interaction import Interaction, Stage

PATIENCE = 30.0


class NoAnswer(Exception):
    """The application did not respond in the three seconds it has."""


@dataclass(frozen=True)
class Modal:
    """A form that opened."""

    interaction: Interaction
    shape: JSON

    @property
    def title(self) -> str:
        """Its heading."""
        return self.shape["title"]

    @property
    def custom_id(self) -> str:
        """The application's name for it."""
        return self.shape["custom_id"]


class Invocation:
    """An interaction under way. Waiting raises `NoAnswer`, and `TimeoutError` after so many seconds."""

    def __init__(self, interaction: Interaction, journal: Journal) -> None:
        self.interaction = interaction
        self._journal = journal

    @property
    def failed(self) -> bool:
        """Whether "The application did not respond" is shown."""
        return self.interaction.stage is Stage.FAILED

    @property
    def followups(self) -> list[Message]:
        """What came after the answer."""
        return self.interaction.followups

    @property
    def ephemeral(self) -> bool:
        """Whether the answer is for one alone."""
        return self.interaction.original is not None and self.interaction.original.ephemeral_to is not None

    async def acknowledged(self, timeout: float = PATIENCE) -> None:  # noqa: ASYNC109
        """Wait until the application said anything, if only that it thinks."""
        await self._journal.until(lambda: self.interaction.stage is not Stage.WAITING, timeout)
        if self.failed:
            raise NoAnswer("The application did not respond")

    async def answer(self, timeout: float = PATIENCE) -> Message | Modal:  # noqa: ASYNC109
        """Wait for the answer itself: a message that is not "thinking" any more, or a form."""
        await self.acknowledged(timeout)
        return await self._journal.until(self._answer, timeout)

    async def message(self, timeout: float = PATIENCE) -> Message:  # noqa: ASYNC109
        """The answer, which must be a message."""
        answer = await self.answer(timeout)
        if isinstance(answer, Modal):
            raise TypeError("a form was opened, not a message sent")
        return answer

    async def modal(self, timeout: float = PATIENCE) -> Modal:  # noqa: ASYNC109
        """The answer, which must be a form."""
        answer = await self.answer(timeout)
        if isinstance(answer, Message):
            raise TypeError("a message was sent, not a form opened")
        return answer

    async def choices(self, timeout: float = PATIENCE) -> list[JSON]:  # noqa: ASYNC109
        """What completion offers: `{name, value}` each."""
        await self.acknowledged(timeout)
        return self.interaction.choices or []

    def _answer(self) -> Message | Modal | None:
        if self.interaction.modal is not None:
            return Modal(self.interaction, self.interaction.modal)
        original = self.interaction.original
        return None if original is None or original.flags & MessageFlag.LOADING else original
