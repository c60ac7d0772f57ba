"""`rolekey agent --gateway wss://…`, as a process of its own, to a gateway behind a proxy that ends TLS."""

import asyncio
import os
import ssl
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import trustme
from yarl import URL

from gateway.client import GatewayClient
from tests.fakes.upstream import Answer, FakeUpstream
from tests.gateway.agents.conftest import connected
from tests.gateway.chatting import Chatting, ask

ROOT = Path(__file__).parents[3]


@asynccontextmanager
async def tls_in_front_of(url: str, certificate: trustme.LeafCert) -> AsyncGenerator[str]:
    """A reverse proxy; its address."""
    behind = URL(url)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)  # pyright: ignore[reportUnknownMemberType] -- it takes pyOpenSSL's, too
    passing = set[asyncio.Task[None]]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(behind.host, behind.port)
        for one, other in ((reader, back), (there, writer)):
            passing.add(asyncio.create_task(pass_on(one, other)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield f"wss://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in passing:
            task.cancel()
        await asyncio.gather(*passing, return_exceptions=True)


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
    finally:
        writer.close()


@asynccontextmanager
async def lending(gateway: str, upstream: FakeUpstream, **environ: str) -> AsyncGenerator[asyncio.StreamReader]:
    """`rolekey agent`; what it logs."""
    arguments = ("agent", "--gateway", gateway, "--upstream", upstream.base_url, "--model", "lent")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *arguments),
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONWARNINGS": "error", **environ},
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        yield process.stderr
    finally:
        process.terminate()
        await process.communicate()


async def line_with(words: str, log: asyncio.StreamReader) -> str:
    while line := (await log.readline()).decode():
        if words in line:
            return line
    raise AssertionError(f"it ended without saying {words}")


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    return authority


async def test_an_agent_lends_over_tls_to_a_gateway_whose_certificate_it_trusts(
    room: Chatting, mia: GatewayClient, authority: trustme.CA, tmp_path: Path
) -> None:
    room.upstream.play(Answer(text="Over TLS."))
    async with tls_in_front_of(room.server.url, authority.issue_cert("127.0.0.1")) as gateway:
        trusted = {"SSL_CERT_FILE": str(tmp_path / "authority.pem")}
        async with lending(gateway, room.upstream, ROLEKEY_AGENT_KEY=room.keys["home"], **trusted) as log:
            await line_with("connected to wss://127.0.0.1", log)
            await connected(room, 1)
            assert (await ask(mia, "Hi")).reply == "Over TLS."


@pytest.mark.parametrize(
    ("name", "trusted", "words"),
    [
        ("127.0.0.1", False, "shows a certificate that is not to be trusted"),
        ("llm.example.org", True, "shows a certificate that is not to be trusted (IP address mismatch"),
        (None, True, "speaks no TLS"),
    ],
)
async def test_an_agent_sends_its_key_to_nobody_whose_certificate_is_wrong(
    room: Chatting, authority: trustme.CA, tmp_path: Path, name: str | None, *, trusted: bool, words: str
) -> None:
    environ = {"SSL_CERT_FILE": str(tmp_path / "authority.pem")} if trusted else {}
    async with tls_in_front_of(room.server.url, authority.issue_cert(name or "127.0.0.1")) as proxy:
        gateway = proxy if name else room.server.url.replace("http://", "wss://")
        async with lending(gateway, room.upstream, ROLEKEY_AGENT_KEY=room.keys["home"], **environ) as log:
            told = await line_with("dialling in again", log)
            assert words in told
            assert room.keys["home"] not in told
            await connected(room, 0)
