"""`/api/access-token`: a token for prompts on the caller's own credential at the provider."""

from aiohttp import web

from gateway.allowances import Needs
from gateway.api.arguments import methods_at, read_arguments, taking
from gateway.api.bodies import json_response
from gateway.api.scope import acting_user
from gateway.app_keys import LIMITS, OWN_CREDENTIALS
from gateway.compatibility import AccessTokenArguments
from gateway.config import Paths
from gateway.errors import InvalidRequest
from gateway.own_credentials import IssuedToken, refuse_password
from gateway.routing import Routes
from gateway.times import moment
from gateway.wire import AccessTokenAnswer, is_on


def add_routes(routes: Routes, paths: Paths) -> None:
    """Add the routes of this module."""
    for method, path in methods_at("/api/access-token", paths.access_token):
        routes.add(
            method,
            path,
            make_access_token,
            roles=("user", "client"),
            key_arguments=("user", "client"),
            answers=AccessTokenAnswer,
            errors=(404, 429, 502, 504),
            **taking(method, AccessTokenArguments),
        )


async def make_access_token(request: web.Request) -> web.Response:
    """`POST /api/access-token {"api_key": "sk-your-own"}`: a token that stands for a provider key of one's own.

    The key is tried at the provider and kept nowhere: the token is the key, sealed, for this user alone and for some
    hours. A prompt that brings it as `access_token` runs on that key. An e-mail and a password are refused.
    """
    issued = await issue_token(request, await read_arguments(request, AccessTokenArguments))
    return json_response(
        AccessTokenAnswer(
            access_token=issued.token, expires_at=moment(issued.expires_at), access_token_again=issued.token
        )
    )


async def issue_token(request: web.Request, arguments: AccessTokenArguments) -> IssuedToken:
    """Try the key of a caller's own and seal it.

    Raises `InvalidRequest`, what `acting_user`, `Limits.hold` and `OwnCredentials.issue` raise.
    """
    user = await acting_user(request, arguments.user_id)
    if arguments.api_key is None:
        if arguments.email or arguments.password:
            raise refuse_password()
        raise InvalidRequest("Send a key of your own at the provider as api_key.")
    if arguments.email is not None or arguments.password is not None:
        raise refuse_password()
    tier = "plus" if is_on(arguments.user_plus) else "free"
    # Whoever guesses at keys does not get to ask the provider without a limit.
    needs = Needs(
        tier=tier,
        input_tokens=0,
        output_tokens=0,
        price=lambda _in, _out: 0.0,
        own_credential=True,
        given_back=False,
    )
    async with request.app[LIMITS].hold(user, needs):
        return await request.app[OWN_CREDENTIALS].issue(user, arguments.api_key, tier=tier)
