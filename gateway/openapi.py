"""The gateway's routes as an OpenAPI document, made from what each says of itself where it is added.

https://spec.openapis.org/oas/v3.1.1.html
"""

import inspect
import json
import re
import sys
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec

from gateway.openai_shape import is_below_v1
from gateway.routing import Contract, Handler, Success
from gateway.wire import ErrorAnswer
from gateway.wire.openai import OpenAIErrorAnswer

_REF = "#/components/schemas/{name}"
_GAP = re.compile(r"\{(\w+)(?::[^{}]*)?\}")
_FIRST_LINE = re.compile(r"`[A-Z]+ [^` ]+(?: (?P<example>\{[^`]*\}))?`(?:: )?(?P<words>.*)")

_ABOUT = """\
Errors have one shape, a true HTTP status and a code to test for; below `/v1` the shape is OpenAI's,
and ChatGPT-API-server's on its routes. Every answer names
its request in `X-Request-ID`. Answers may grow: ignore fields you do not know. Requests are refused where they hold a
field or a parameter that is not known, except below `/v1`, where such fields go to the provider.
"""

# How components that tell an error are called, by its shape.
_ERRORS: dict[type[msgspec.Struct], str] = {ErrorAnswer: "Error", OpenAIErrorAnswer: "OpenAIError"}  # else its name

# What any route can answer, whatever its own work is.
_ANY_ROUTE = frozenset((400, 431, 500, 503))
_WITH_A_KEY = frozenset((401, 403))
_WITH_A_BODY = frozenset((408, 413))
_WHY = {
    400: "The request is not one the route takes; the message says what to change.",
    401: "There is no key, or it is unknown, revoked or expired.",
    403: "The key is good, but not for this.",
    404: "There is no such thing, or none that this key may see.",
    408: "The request did not arrive in time.",
    409: "What is there already contradicts the request.",
    413: "The body is larger than the gateway takes.",
    429: "Too much for now.",
    431: "The headers are larger than the gateway takes.",
    500: "A bug of the gateway's; the message carries the reference to look for in its log.",
    502: "The provider was asked and did not answer as it should.",
    503: "The gateway, its database or the account that is needed cannot serve now.",
    504: "The provider did not answer in time.",
}
_ERROR_HEADERS = {
    401: {"WWW-Authenticate": {"schema": {"const": "Bearer"}}},
    429: {
        "Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}},
        "X-RateLimit-Resource": {"description": "Which limit; also on answers.", "schema": {"type": "string"}},
        "X-RateLimit-Limit": {"description": "How much it is.", "schema": {"type": "number"}},
        "X-RateLimit-Remaining": {"description": "What is left of it.", "schema": {"type": "number"}},
        "X-RateLimit-Reset": {"description": "Seconds until it resets.", "schema": {"type": "integer"}},
    },
    503: {"Retry-After": {"description": "Seconds, where known.", "schema": {"type": "integer", "minimum": 1}}},
}


class Explained(NamedTuple):
    """What a handler's docstring tells: a line, what else there is to know, and a body that shows how."""

    summary: str
    description: str
    example: Any


def describe(contracts: Iterable[Contract], *, version: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of these routes."""
    routes = tuple(contracts)
    schemas = _Schemas(routes)
    paths = dict[str, dict[str, Any]]()
    named = set[str]()
    for contract in routes:
        operation = _operation(contract, schemas)
        if operation["operationId"] in named:
            operation["operationId"] = "_".join(re.findall(r"\w+", f"{contract.method.lower()} {contract.path}"))
        named.add(operation["operationId"])
        paths.setdefault(_GAP.sub(r"{\1}", contract.path), {})[contract.method.lower()] = operation
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Rolekey gateway",
            "version": version,
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "tags": _tags(routes),
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "responses": {f"{_named(shape)}{status}": _error(status, shape) for shape, status in _told(routes)},
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer rk-…`"}
            },
        },
    }


def errors_of(contract: Contract) -> frozenset[int]:
    """Every error status that a route may answer."""
    errors = _ANY_ROUTE | contract.errors
    if contract.roles is not None:
        errors |= _WITH_A_KEY
    if contract.body is not None:
        errors |= _WITH_A_BODY
    return errors | {404} if _GAP.search(contract.path) else errors


def explained(handler: Handler) -> Explained:
    """What a docstring like `` `POST /path {"an": "example"}`: summary. `` tells, paragraphs after it included."""
    first, _, rest = (inspect.getdoc(handler) or "").partition("\n\n")
    line = _FIRST_LINE.fullmatch(" ".join(first.split()))
    words = line["words"] if line else " ".join(first.split())
    example = json.loads(line["example"]) if line and line["example"] else None
    paragraphs = (" ".join(paragraph.split()) for paragraph in rest.split("\n\n"))
    return Explained(f"{words[:1].upper()}{words[1:]}".rstrip("."), "\n\n".join(filter(None, paragraphs)), example)


class _Schemas:
    """The JSON Schema of every type that the routes name."""

    def __init__(self, contracts: Sequence[Contract]) -> None:
        self._parameters = {kind for route in contracts for kind in (route.query, route.headers) if kind is not None}
        kinds: list[Any] = [ErrorAnswer, OpenAIErrorAnswer, *self._parameters]
        for route in contracts:
            kinds += [route.body, route.failure, *(answer.body for answer in route.answers)]
            kinds += [event for answer in route.answers for event in answer.events.values()]
        self._kinds = list(dict.fromkeys(kind for kind in kinds if kind is not None))
        found, self.components = msgspec.json.schema_components(self._kinds, ref_template=_REF)
        self._found = dict(zip(self._kinds, found, strict=True))
        named = {kind: self.of(kind)["$ref"].rpartition("/")[2] for kind in self._parameters}
        self._fields = {kind: self.components[name] for kind, name in named.items()}
        for kind in self._parameters - {route.body for route in contracts}:
            del self.components[named[kind]]
        _tidy(self.components)

    def of(self, kind: Any) -> dict[str, Any]:
        """The schema of a body, mostly a reference to a component."""
        return self._found[kind]

    def parameters(self, kind: Any, where: str) -> list[dict[str, Any]]:
        """The fields of a `Query` or of `Headers`, each as a parameter; not lists, which only a body can hold."""
        if kind is None:
            return []
        fields = self._fields[kind]
        return [
            _parameter(name, where, schema, required=name in fields["required"])
            for name, schema in fields["properties"].items()
            if schema.get("type") != "array"
        ]


def _operation(contract: Contract, schemas: _Schemas) -> dict[str, Any]:
    told = explained(contract.handler)
    operation: dict[str, Any] = {
        "operationId": getattr(contract.handler, "__name__", "handler"),
        "summary": told.summary,
        "tags": [_tag(contract)],
        "security": _security(contract),
        "x-roles": [] if contract.roles is None else sorted(contract.roles),
    }
    if told.description:
        operation["description"] = told.description
    gaps = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in _GAP.findall(contract.path)
    ]
    parameters = (
        *gaps,
        *schemas.parameters(contract.query, "query"),
        *schemas.parameters(contract.headers, "header"),
    )
    if parameters:
        operation["parameters"] = list(parameters)
    if contract.body is not None:
        content: dict[str, Any] = {"schema": schemas.of(contract.body)}
        if told.example is not None:
            content["example"] = told.example
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    operation["responses"] = _responses(contract, schemas)
    return operation


def _security(contract: Contract) -> list[dict[str, list[str]]]:
    if contract.roles is None:
        return []
    # A key among the arguments is in their description: OpenAPI knows none in a body.
    return [{"key": []}, {}] if contract.key_arguments else [{"key": []}]


def _responses(contract: Contract, schemas: _Schemas) -> dict[str, Any]:
    responses = dict[str, Any]()
    for answer in contract.answers:
        response = responses.setdefault(str(answer.status), {"description": HTTPStatus(answer.status).phrase})
        if answer.body is not None:
            response.setdefault("content", {})[answer.content_type] = _content(answer, schemas)
    for status in sorted(errors_of(contract)):
        responses[str(status)] = {"$ref": f"#/components/responses/{_named(_shape(contract))}{status}"}
    return responses


def _content(answer: Success, schemas: _Schemas) -> dict[str, Any]:
    schema = _events(answer, schemas) if answer.events else dict(schemas.of(answer.body))
    if answer.description:
        schema["description"] = answer.description
    return {"schema": schema}


def _events(answer: Success, schemas: _Schemas) -> dict[str, Any]:
    """One event of a stream, as OpenAPI 3.2 describes them; 3.1 has no word for a stream."""
    kinds = [
        {
            "properties": {
                "event": {"const": name},
                "data": {"contentMediaType": "application/json", "contentSchema": schemas.of(kind)},
            }
        }
        for name, kind in answer.events.items()
    ]
    fields = {"event": {"enum": list(answer.events)}, "data": {"type": "string"}}
    return {"type": "object", "properties": fields, "required": ["event", "data"], "oneOf": kinds}


def _shape(contract: Contract) -> type[msgspec.Struct]:
    return contract.failure or (OpenAIErrorAnswer if is_below_v1(contract.path) else ErrorAnswer)


def _named(shape: type[msgspec.Struct]) -> str:
    return _ERRORS.get(shape, shape.__name__)


def _told(routes: Iterable[Contract]) -> list[tuple[type[msgspec.Struct], int]]:
    """Every error that any route may answer, and in which shape."""
    found = {(_shape(route), status) for route in routes for status in errors_of(route)}
    return sorted(found, key=lambda told: (told[0].__name__, told[1]))


def _error(status: int, shape: type[msgspec.Struct]) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": _WHY.get(status, HTTPStatus(status).phrase),
        "content": {"application/json": {"schema": {"$ref": _REF.format(name=shape.__name__)}}},
    }
    if status in _ERROR_HEADERS:
        response["headers"] = _ERROR_HEADERS[status]
    return response


def _parameter(name: str, where: str, schema: dict[str, Any], *, required: bool) -> dict[str, Any]:
    """A parameter cannot be null, only left out: the null of an optional field is not shown."""
    schema = dict(schema)
    description = schema.pop("description", "")
    options = [option for option in schema.pop("anyOf", []) if option != {"type": "null"}]
    if len(options) == 1:
        schema |= options[0]
        description = schema.pop("description", description)
    elif options:
        schema["anyOf"] = options
    if schema.get("default", "") is None:
        del schema["default"]
    parameter: dict[str, Any] = {"name": name, "in": where, "required": required, "schema": schema}
    return parameter | ({"description": description} if description else {})


def _tidy(components: dict[str, Any]) -> None:
    """Docstrings lose the indent they have in the code."""
    for schema in components.values():
        if "description" in schema:
            schema["description"] = " ".join(inspect.cleandoc(schema["description"]).split())


def _tag(contract: Contract) -> str:
    return contract.handler.__module__.rpartition(".")[2]


def _tags(contracts: Iterable[Contract]) -> list[dict[str, str]]:
    """One for each module that handlers come from, described by its docstring."""
    modules = dict.fromkeys(contract.handler.__module__ for contract in contracts)
    return [
        {"name": name.rpartition(".")[2], "description": (inspect.getdoc(sys.modules[name]) or "").partition("\n\n")[0]}
        for name in modules
    ]
