"""`rolekey chat` at a real terminal, against a running gateway."""

import asyncio
from pathlib import Path

from tests.chat.terminal import terminal
from tests.fakes.upstream import Answer, Refuse
from tests.gateway.chatting import Chatting

CTRL_C, CTRL_D, TAB, UP = "\x03", "\x04", "\t", "\x1b[A"


async def test_an_evening_at_the_terminal(room: Chatting, environ: dict[str, str], tmp_path: Path) -> None:
    room.upstream.play(Answer(text="# Monads\n\nA **burrito**.\n\n- one\n- two\n"), Answer(text="A *functor*."))
    async with terminal(tmp_path, environ) as screen:
        await screen.says("/help says what you can do here")
        await screen.enters("What is a monad?")
        await screen.says("A burrito.")
        await screen.says("• two")
        await screen.says("gpt-free · free")
        await screen.enters("And a\\")
        await screen.says("\n·")
        screen.type("functor?\r")
        await screen.says("A functor.")
        assert room.upstream.requests[1].messages[-1][1] == "And a\nfunctor?"
        assert len(room.upstream.requests[1].messages) == 3

        await screen.enters("/usage")
        await screen.says("this month")
        await screen.enters("/rename Burritos")
        await screen.says("It is called “Burritos” now.")
        await screen.enters("/export md talk.md")
        await screen.says("Written to talk.md.")
        assert "**burrito**" in (tmp_path / "talk.md").read_text()
        await screen.enters("/export md talk.md")
        await screen.says("There is a file talk.md already")

        await screen.enters("/new")
        await screen.says("A new conversation.")
        await screen.enters("/conversations")
        await screen.says("1   Burritos")
        await screen.enters("/resume burr")
        await screen.says("Going on with “Burritos”.")
        await screen.enters("More?")
        await screen.says("Hello from the fake upstream.")
        assert len(room.upstream.requests[2].messages) == 5
        await screen.enters("/nonsense")
        await screen.says("There is no /nonsense; /help lists what there is.")
        await screen.enters("/plus false")
        await screen.says("Asking free models.")
        await screen.says("›")
        screen.type(UP)
        await screen.says("/plus false")
        screen.type(CTRL_C)
        await screen.says("Ctrl-D leaves.")
        await screen.says("›")
        screen.type("/conv")
        await screen.says("last used first")
        screen.type(TAB + "\r")
        await screen.says("1   Burritos")
        await screen.says("›")
        screen.type(CTRL_D)
        assert await screen.process.wait() == 0
        history = tmp_path / "rolekey" / "chat-history"
        assert history.stat().st_mode & 0o777 == 0o600


async def test_ctrl_c_stops_the_answer_at_the_provider_keeps_what_arrived_and_goes_on(
    room: Chatting, environ: dict[str, str], tmp_path: Path
) -> None:
    room.upstream.play(Answer(pieces=("Half an answer", " and the rest"), pause_at=1))
    async with terminal(tmp_path, environ) as screen:
        await screen.enters("Tell me")
        await screen.says("Half an answer")
        screen.type(CTRL_C)
        await screen.says("Stopped.")
        await asyncio.wait_for(room.upstream.deserted.wait(), 30)
        await screen.enters("Go on")
        await screen.says("Hello from the fake upstream.")
        assert ("assistant", "Half an answer") in room.upstream.requests[1].messages


async def test_errors_are_sentences_and_the_conversation_goes_on(
    room: Chatting, environ: dict[str, str], tmp_path: Path
) -> None:
    room.upstream.play(Refuse(400, "context_length_exceeded"))
    async with terminal(tmp_path, environ) as screen:
        await screen.enters("/plus true")
        await screen.enters("Tell me")
        await screen.says("plus")
        await screen.enters("/plus any")
        await screen.enters("Tell me")
        await screen.says("›")
        await room.client.delete_user("mia")
        screen.type("Again\r")
        await screen.says("The gateway does not take this key.")
        assert "Traceback" not in screen.text
        await screen.says("›")
        screen.type(CTRL_D)
        assert await screen.process.wait() == 0


async def test_a_model_cannot_command_the_terminal(room: Chatting, environ: dict[str, str], tmp_path: Path) -> None:
    evil = "Hi \x1b]0;owned\x07\x1b[2Jthere \x9b31m\x1b]52;c;aGFjaw==\x07 end\n\n\x1b[H[a](http://x\x1b[2J)\n\nFin"
    room.upstream.title = "\x1b]0;owned\x07T"
    room.upstream.play(Answer(text=evil))
    async with terminal(tmp_path, environ) as screen:
        await screen.enters("Hi")
        await screen.says("Fin")
        await screen.enters("/conversations")
        await screen.says("goes on with one.")
        for command in (b"\x1b]0;", b"\x1b]52", b"\x1b[2J", b"\x9b31m", b"\x1b[H", b"\x1b]8"):
            assert command not in screen.written


async def test_without_a_key_it_is_asked_for_and_not_shown(
    room: Chatting, environ: dict[str, str], tmp_path: Path
) -> None:
    async with terminal(tmp_path, environ | {"ROLEKEY_KEY": "", "NO_COLOR": "1"}) as screen:
        await screen.says("Your key")
        screen.type(environ["ROLEKEY_KEY"] + "\r")
        await screen.says("/help says")
        await screen.enters("Hi")
        await screen.says("gpt-free")
        assert environ["ROLEKEY_KEY"] not in screen.text
        assert b"\x1b[3" not in screen.written


async def test_a_long_answer_on_a_small_screen_is_there_once_from_its_beginning_to_its_end(
    room: Chatting, environ: dict[str, str], tmp_path: Path
) -> None:
    code = "".join(f"line_{number} = {number}" + "\n" for number in range(40))
    items = "".join(f"- Item {number}\n" for number in range(15))
    paragraphs = "".join(f"Paragraph {number}.\n\n" for number in range(30))
    room.upstream.play(Answer(text=f"{paragraphs}```python\n{code}```\n\n{items}\n| a | b |\n|---|---|\n| 1 | 2 |\n"))
    async with terminal(tmp_path, environ, "--reply-only", rows=10) as screen:
        await screen.enters("Tell me")
        await screen.says("───")
        await screen.says("›")
        screen.type(CTRL_D)
        await screen.process.wait()
        seen = [line.strip() for line in screen.lines]
        answer = seen[seen.index("Paragraph 0.") : seen.index("1  2") + 1]
    assert answer == [
        *"\n\n".join(f"Paragraph {number}." for number in range(30)).split("\n"),
        "",
        *code.splitlines(),
        "",
        *(f"• Item {number}" for number in range(15)),
        "",
        "a  b",
        "────",
        "1  2",
    ]
    assert seen.count("Paragraph 0.") == 1
