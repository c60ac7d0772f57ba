"""The README's table of commands, held against the commands."""

import re
from collections.abc import Iterator
from pathlib import Path

from discord import app_commands

from tests.words import bot_at_rest

README = Path(__file__).parents[2] / "README.md"


def told(row: str) -> Iterator[str]:
    """What stands in a row's code: a command with its options, or what follows its group: `/key show` · `rotate`."""
    group = ""
    for code in re.findall(r"`([^`]+)`", row):
        if code.startswith("/"):
            group = code[1:].split()[0]
        yield code[1:] if code.startswith("/") else f"{group} {code}"


async def test_every_command_stands_in_the_readme_and_no_other() -> None:
    text = README.read_text(encoding="utf-8")
    table = text[text.index("## Commands") : text.index("## On the command line")]
    rows = [line.split(" | ")[0] for line in table.splitlines() if line.startswith(("| `/", "| **"))]
    async with bot_at_rest() as bot:
        commands = list(bot.tree.walk_commands())
        menus = [each.name for each in bot.tree.get_commands() if isinstance(each, app_commands.ContextMenu)]
    names = {each.qualified_name for each in commands if isinstance(each, app_commands.Command)}
    found = set[str]()
    for words in (words for row in rows for words in told(row) if row.startswith("| `/")):
        [command] = [name for name in names if words == name or words.startswith(f"{name} ")] or [f"no /{words}"]
        found.add(command)
    assert found == names
    assert menus
    assert all(f"**{menu}**" in table for menu in menus)
