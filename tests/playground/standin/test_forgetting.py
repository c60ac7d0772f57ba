"""Members who have themselves forgotten while something is still being written for them."""

import asyncio
import sqlite3
from contextlib import closing

from playground.standin.invocation import Invocation
from tests.fakes.upstream import Answer
from tests.playground.standin.conftest import Town

COMMAND = "CommandTree-invoker"
"""As discord.py calls the task in which a command runs."""
STOPPED = "-# Stopped. Nothing of it is kept."


async def forget(town: Town) -> Invocation:
    """Fred has himself forgotten."""
    form = await (await town.fred.slash(town.general, "forget me")).modal()
    return await town.fred.submit(form, words="forget me")


def noted(town: Town, member_id: int) -> list[str]:
    """The tables of the bot's database in which there is anything of a member."""
    with closing(sqlite3.connect(town.config.data_dir / "bot.db")) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return [
            table
            for table in tables
            if any(member_id in row for row in connection.execute(f"SELECT * FROM {table}").fetchall())
        ]


async def test_answers_that_are_being_written_end_before_their_member_is_forgotten_and_leave_nothing(
    town: Town,
) -> None:
    pages = ("The unladen swallow flies." + " and on" * 100, " and further" * 300, " and yonder" * 300)
    town.upstream.play(Answer(pieces=pages, pause_at=1))
    card = await (await town.fred.slash(town.general, "ask", prompt="How fast is the zyzzyva?")).message()
    thread = await town.thread_of(card)
    await town.upstream.paused.wait()
    growing = await town.said(thread, "swallow")
    await town.fred.slash(thread, "followup", prompt="And the other zyzzyva?")  # waits for its turn
    await town.control.until(lambda: "And the other" in str([m.embeds for m in town.fred.messages(thread)]))

    told = await (await forget(town)).message()
    assert told.content.startswith("Erased in Academy: 1 conversation")
    town.upstream.release.set()
    await asyncio.gather(*[task for task in asyncio.all_tasks() if task.get_name() == "answer"])
    assert noted(town, town.fred.id) == []
    assert [m.content.endswith(STOPPED) for m in town.fred.messages(thread) if m.content] == [True, True]
    assert growing.components == []
    for file in town.config.data_dir.glob("*.db*"):
        for words in (b"zyzzyva", b"swallow"):
            assert words not in file.read_bytes(), file

    again = await (await town.fred.slash(town.general, "ask", prompt="A new life")).message()
    await town.said(await town.thread_of(again), "Hello from the fake upstream.")
    await asyncio.gather(*[task for task in asyncio.all_tasks() if task.get_name() == COMMAND])
    assert set(noted(town, town.fred.id)) == {"keys", "threads", "answers"}
