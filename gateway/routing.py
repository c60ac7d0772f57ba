"""Routes that say who may use them, what they take and what they answer; one that does not say who cannot be added.

What a route says here is what its parameters are checked against (`gateway.parameters`) and what `/openapi.json`
tells (`gateway.openapi`).
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Literal, NotRequired, Self, TypedDict, Unpack, cast

import msgspec
from aiohttp import web

from gateway.errors import ApiError, InternalError
from gateway.wire import Role

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Anyone = Literal["anyone"]

EVERY_ROLE: frozenset[Role] = frozenset(("admin", "client", "user"))


class Query(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The parameters a route takes in its query. A field's `Meta(description=…)` is shown in the documentation."""


class Headers(msgspec.Struct, frozen=True, kw_only=True):
    """The headers of its own that a route looks at; `rename` gives them their HTTP names."""


class Success(msgspec.Struct, frozen=True):
    """One way in which a route answers well.

    `body` is what JSON is made from, `str` for text, None for no body. `events` are a stream's events by name.
    """

    body: Any
    status: int = 200
    content_type: str = "application/json"
    description: str = ""
    events: Mapping[str, type[msgspec.Struct]] = {}


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """The body that tells an error, for routes whose callers do not expect the gateway's own shape."""

    @classmethod
    def of(cls, error: ApiError) -> Self:
        """The body for this error."""
        raise NotImplementedError


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """All that a route says of itself. `roles` is None where it needs no key.

    `errors` are the statuses that its own work can end in, beside those that any route like it can
    (`gateway.openapi` adds them). `key_arguments` names the arguments that a key may also come as, and the role it
    then has to have; with `bare_key` it may stand in `Authorization` without a scheme. `failure` is the shape of its
    errors where that is not the one of their address. A `page` is for people with a browser: it goes by sessions alone
    (`gateway.web.door`), and is no part of the API that the document tells.
    """

    method: str
    path: str
    handler: Handler
    roles: frozenset[Role] | None
    body: Any = None
    query: type[Query] | None = None
    headers: type[Headers] | None = None
    answers: tuple[Success, ...] = ()
    errors: frozenset[int] = frozenset()
    key_arguments: Mapping[str, Role] = {}
    bare_key: bool = False
    failure: type[Failure] | None = None
    page: bool = False


class Says(TypedDict):
    """What is said when a route is added. Without `query` it takes no parameters, and refuses any.

    In `key_arguments` a role alone names its argument too.
    """

    roles: Collection[Role] | Anyone
    body: NotRequired[Any]
    query: NotRequired[type[Query]]
    headers: NotRequired[type[Headers]]
    answers: NotRequired[type[msgspec.Struct] | Success | Sequence[Success]]
    errors: NotRequired[Collection[int]]
    key_arguments: NotRequired[Collection[Role] | dict[str, Role]]
    bare_key: NotRequired[bool]
    failure: NotRequired[type[Failure]]
    page: NotRequired[bool]


class Routes:
    """Adds routes to an app and remembers what each says of itself. The role `"anyone"` needs no key."""

    def __init__(self, app: web.Application) -> None:
        self._router = app.router
        self._contracts = dict[web.AbstractRoute, Contract]()
        self._pages = dict[str, Contract]()

    def get(self, path: str, handler: Handler, **says: Unpack[Says]) -> None:
        """Add `GET path`, and with it `HEAD path`, which answers the same without its body (RFC 9110, section 9.3.2).

        aiohttp keeps back a whole body; a handler that streams must write nothing to a HEAD. A GET that does something,
        as older programs ask for, is added by `add` and has no HEAD.
        """
        contract = self.add("GET", path, handler, **says)
        self._contracts[self._router.add_route("HEAD", path, handler)] = contract

    def post(self, path: str, handler: Handler, **says: Unpack[Says]) -> None:
        """Add `POST path`."""
        self.add("POST", path, handler, **says)

    def patch(self, path: str, handler: Handler, **says: Unpack[Says]) -> None:
        """Add `PATCH path`."""
        self.add("PATCH", path, handler, **says)

    def delete(self, path: str, handler: Handler, **says: Unpack[Says]) -> None:
        """Add `DELETE path`."""
        self.add("DELETE", path, handler, **says)

    def add(self, method: str, path: str, handler: Handler, **says: Unpack[Says]) -> Contract:
        """Add a route; what it said of itself."""
        route = self._router.add_route(method, path, handler)
        roles = says["roles"]
        contract = self._contracts[route] = Contract(
            method=method,
            path=path,
            handler=handler,
            roles=None if isinstance(roles, str) else frozenset(roles),
            body=says.get("body"),
            query=says.get("query"),
            headers=says.get("headers"),
            answers=_answers(says.get("answers", ())),
            errors=frozenset(says.get("errors", ())),
            key_arguments=_key_arguments(says.get("key_arguments", ())),
            bare_key=says.get("bare_key", False),
            failure=says.get("failure"),
            page=says.get("page", False),
        )
        return contract

    def page_in_place(self, path: str, handler: Handler, *, roles: Collection[Role]) -> None:
        """Show a page to whoever opens the address of a route of the API's with a browser."""
        self._pages[path] = Contract(method="GET", path=path, handler=handler, roles=frozenset(roles), page=True)

    def shown_in_place(self, path: str) -> Contract | None:
        """The page that browsers are shown at an address of the API's."""
        return self._pages.get(path)

    def contract(self, route: web.AbstractRoute) -> Contract:
        """What a route said of itself. Raises `InternalError` for one that was added past this registry."""
        try:
            return self._contracts[route]
        except KeyError:
            raise InternalError("This route does not say who may use it, so nobody may.") from None

    def failure(self, route: web.AbstractRoute) -> type[Failure] | None:
        """The shape of a route's errors, None where it has none of its own."""
        contract = self._contracts.get(route)
        return None if contract is None else contract.failure

    def contracts(self) -> tuple[Contract, ...]:
        """Those of the API's routes, in the order they were added; a HEAD has its GET's, which is told once."""
        return tuple(
            contract
            for route, contract in self._contracts.items()
            if route.method == contract.method and not contract.page
        )

    def allowed(self, route: web.AbstractRoute) -> frozenset[Role] | None:
        """The roles that may use a route, None where it needs no key. Raises `InternalError` as `contract` does."""
        return self.contract(route).roles

    async def check(self, app: web.Application) -> None:
        """Refuse to start where a route was added past this registry. Raises `RuntimeError`."""
        undeclared = [str(route) for route in app.router.routes() if route not in self._contracts]
        if undeclared:
            raise RuntimeError(f"routes without roles: {', '.join(undeclared)}")


def _key_arguments(said: Collection[Role] | dict[str, Role]) -> Mapping[str, Role]:
    return cast("dict[str, Role]", said) if isinstance(said, dict) else {role: role for role in said}


def _answers(said: type[msgspec.Struct] | Success | Sequence[Success]) -> tuple[Success, ...]:
    if isinstance(said, Success):
        return (said,)
    return (Success(said),) if isinstance(said, type) else tuple(said)
