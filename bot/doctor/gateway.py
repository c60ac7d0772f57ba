"""Checks of the gateway: it answers or its port is free, and the bot's key has the right role."""

import errno
import socket

from bot.config import Config
from bot.doctor.finding import Finding
from gateway.client import GatewayClient, GatewayUnreachable
from gateway.errors import ApiError, Unauthenticated

_OTHER_PORT = "Stop the program that has the port, or set [gateway] port to another."


async def check_gateway(config: Config) -> list[Finding]:
    """Another gateway answers; our own answers already, or its port is free."""
    url = config.gateway.url or f"http://{_probe_host(config.gateway.host)}:{config.gateway.port}"
    if not config.gateway.url and config.gateway.port == 0:
        return [Finding(check="gateway", result="ok", detail="embedded, on any free port")]
    try:
        async with GatewayClient(url, "") as client:
            health = await client.health()
    except GatewayUnreachable:
        return [_unreachable(config, url)]
    except ApiError as error:
        advice = "Set [gateway] url to the gateway's address." if config.gateway.url else _OTHER_PORT
        return [Finding(check="gateway", result="failed", detail=f"{url}: {error.message}", advice=advice)]
    return [Finding(check="gateway", result="ok", detail=f"{url} answers, version {health.version}")]


def _probe_host(host: str) -> str:
    """Where to reach a server that listens on `host`."""
    if host in {"0.0.0.0", ""}:
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host else host


def _unreachable(config: Config, url: str) -> Finding:
    if config.gateway.url:
        advice = "Start the gateway, or set [gateway] url to where it is."
        return Finding(check="gateway", result="failed", detail=f"{url} does not answer", advice=advice)
    host, port = config.gateway.host, config.gateway.port
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
    except OSError as error:
        advice = {
            errno.EADDRINUSE: _OTHER_PORT,
            errno.EACCES: "Ports below 1024 need privileges; set [gateway] port to a higher one.",
        }.get(error.errno or 0, "Set [gateway] host to an address of this machine.")
        detail = f"cannot listen on {host}:{port}: {error.strerror}"
        return Finding(check="gateway", result="failed", detail=detail, advice=advice)
    return Finding(check="gateway", result="ok", detail=f"embedded; {host}:{port} is free")


async def check_client_key(config: Config) -> list[Finding]:
    """The key the bot shows to another gateway may make users, and no more than that."""
    check = "client key"
    if config.embedded:
        return [Finding(check=check, result="absent", detail="embedded: made on the first start")]
    if not config.secrets.client_key:
        advice = "On the gateway's machine: rolekey keys create --role client --name bot. Put the key into .env."
        return [Finding(check=check, result="failed", detail="ROLEKEY_CLIENT_KEY is not set", advice=advice)]
    try:
        async with GatewayClient(config.gateway.url, config.secrets.client_key) as client:
            me = await client.whoami()
    except Unauthenticated as error:
        advice = "Make a new one: rolekey keys create --role client --name bot."
        return [Finding(check=check, result="failed", detail=error.message, advice=advice)]
    except ApiError as error:
        return [Finding(check=check, result="failed", detail=error.message, advice="See the line about the gateway.")]
    if me.role != "client":
        advice = "Give the bot a key of its own: rolekey keys create --role client --name bot."
        detail = f"is of role {me.role}; the bot needs role client, no less and no more"
        return [Finding(check=check, result="failed", detail=detail, advice=advice)]
    return [Finding(check=check, result="ok", detail=f"role client, named {me.name}")]
