"""`rolekey chat` in pipes and scripts."""

import json
from pathlib import Path

import pytest

from tests.chat.terminal import piped
from tests.fakes.upstream import Answer, BreakOff
from tests.gateway.chatting import Chatting


async def test_what_is_piped_goes_along_and_the_reply_alone_comes_out(
    room: Chatting, environ: dict[str, str], tmp_path: Path
) -> None:
    room.upstream.play(Answer(text="A **summary** \x1b[31mof it"), Answer(text="Next"))
    said = await piped(tmp_path, "Summarise", given="Many words.\n", **environ)
    assert said == (0, "A **summary** [31mof it\n", "")
    assert room.upstream.requests[0].prompt == "Summarise\n\nMany words."
    said = await piped(tmp_path, "--conversation", "last", "--system", "ignored", "More", **environ)
    assert said == (0, "Next\n", "")
    assert len(room.upstream.requests[1].messages) == 3


async def test_json_is_one_line_for_answers_and_errors(room: Chatting, environ: dict[str, str], tmp_path: Path) -> None:
    room.upstream.play(Answer(text="Grün \x9b31m"), BreakOff(pieces=("Half",)))
    (tmp_path / "notes.txt").write_text("Noted.")
    said = await piped(tmp_path, "--json", "--file", "notes.txt", "Hi", **environ)
    assert said.code == 0
    assert json.loads(said.out)["reply"] == "Grün \x9b31m"
    assert said.out.isascii()
    assert "Noted." in str(room.upstream.requests[0].body)
    said = await piped(tmp_path, "--json", "Hi", **environ)
    assert (said.code, said.err) == (1, "")
    answer = json.loads(said.out)
    assert (answer["status"], answer["error"]["code"]) == ("error", "upstream_broken_stream")
    assert answer["conversation_id"]


@pytest.mark.parametrize(
    ("arguments", "changes", "code", "words"),
    [
        (("Hi",), {"ROLEKEY_KEY": ""}, 2, "ROLEKEY_KEY is not set"),
        (("Hi",), {"ROLEKEY_KEY": "rk-wrong"}, 3, "does not take this key"),
        (("Hi",), {"ROLEKEY_GATEWAY": "http://127.0.0.1:9"}, 1, "Nobody answers at http://127.0.0.1:9"),
        (("Hi",), {"ROLEKEY_GATEWAY": "llm.example.org"}, 2, "looks like https://"),
        (("Hi", "--plus", "true"), {}, 3, "plus"),
        (("Hi", "--conversation", "00000000-0000-0000-0000-000000000000"), {}, 2, "conversation"),
        ((), {}, 2, "nothing to ask"),
    ],
)
async def test_what_is_wrong_is_said_on_standard_error_with_a_code_of_its_own(
    room: Chatting,
    environ: dict[str, str],
    tmp_path: Path,
    arguments: tuple[str, ...],
    changes: dict[str, str],
    code: int,
    words: str,
) -> None:
    said = await piped(tmp_path, *arguments, **(environ | changes))
    assert (said.code, said.out) == (code, "")
    assert words in said.err
    assert "Traceback" not in said.err


async def test_a_key_on_the_command_line_works_and_is_warned_about(
    room: Chatting, environ: dict[str, str], tmp_path: Path
) -> None:
    said = await piped(tmp_path, "--key", environ["ROLEKEY_KEY"], "Hi", **(environ | {"ROLEKEY_KEY": ""}))
    assert (said.code, said.out) == (0, "Hello from the fake upstream.\n")
    assert "shows in ps" in said.err
    assert environ["ROLEKEY_KEY"] not in said.err
