"""Which files a model is shown: those of the prompt, and of the conversation before it the newest there is room for.

A file that is not shown again is named in a line, so that the model does not make up what it cannot see.
"""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from gateway.attachments import File
from gateway.config import Account
from gateway.conversations import StoredMessage
from gateway.errors import InvalidRequest
from gateway.upstreams.base import Turn


def check_images(files: Sequence[File], account: Account) -> None:
    """Raise `InvalidRequest` with code `images_not_taken` where the account's model takes none."""
    image = next((file.name for file in files if file.is_image), None)
    if image is not None and not account.images:
        raise InvalidRequest(
            f"The model {account.model} takes no images here: leave {image} out, or ask another tier's model. "
            f"Where the model can see, an admin can set images = true for the account {account.name}.",
            code="images_not_taken",
        )


def with_tokens(files: Sequence[File], account: Account) -> tuple[File, ...]:
    """The files with what they take up for this account's model."""
    return tuple(
        msgspec.structs.replace(file, tokens=account.image_tokens) if file.is_image else file for file in files
    )


def turns_of(history: Sequence[StoredMessage], account: Account, *, most_bytes: int) -> list[Turn]:
    """The history as the account's model is shown it, with the newest files that come to at most `most_bytes`.

    The files have no data yet.
    """
    turns = list[Turn]()
    left = most_bytes
    for message in reversed(history):
        if not message.files:
            turns.append(Turn(message.role, message.content))
            continue
        shown, hidden = list[File](), list[File]()
        for file in with_tokens(message.files, account):
            fits = file.size <= left and (account.images or not file.is_image)
            (shown if fits else hidden).append(file)
            left -= file.size if fits else 0
        turns.append(_turn(Turn(message.role, message.content), shown, hidden))
    return turns[::-1]


async def with_data(turns: Sequence[Turn], load: Callable[[File], Awaitable[bytes | None]]) -> tuple[Turn, ...]:
    """The turns with what is in their files, which `load` gives, None where it is gone."""
    return tuple([await _with_data(turn, load) if turn.files else turn for turn in turns])


async def _with_data(turn: Turn, load: Callable[[File], Awaitable[bytes | None]]) -> Turn:
    shown, hidden = list[File](), list[File]()
    for file in turn.files:
        data = file.data if file.data or not file.size else await load(file)
        if data is None:
            hidden.append(file)
        else:
            shown.append(msgspec.structs.replace(file, data=data))
    return _turn(turn, shown, hidden)


def _turn(turn: Turn, shown: Sequence[File], hidden: Sequence[File]) -> Turn:
    text = turn.text
    if hidden:
        text += f"\n\n[Attached before and not shown again: {', '.join(file.name for file in hidden)}]"
    return msgspec.structs.replace(turn, text=text, files=tuple(shown))
