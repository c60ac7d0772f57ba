"""What `/openapi.json` and `/docs` say is true, and all of it."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import openapi_spec_validator
import pytest
from aiohttp import web

from gateway.api.health import gateway_version
from gateway.app import create_app
from gateway.app_keys import ROUTES
from gateway.config import Config
from gateway.openapi import describe, explained
from gateway.parameters import query_of
from gateway.routing import Contract, Query
from tests.gateway.conftest import Clock, RunningGateway, config_in, running

CONTRACTS = create_app(Config())[ROUTES].contracts()


def named(contract: Contract) -> str:
    return f"{contract.method} {contract.path}"


@pytest.fixture
async def document(gateway: RunningGateway) -> dict[str, Any]:
    told = await gateway.call("GET", "/openapi.json")
    assert told.headers["Content-Type"] == "application/json"
    return told.body


def operations_of(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method.upper(), path): operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }


async def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    openapi_spec_validator.validate(document)


async def test_the_document_names_every_route_and_no_other(document: dict[str, Any], gateway: RunningGateway) -> None:
    routed = {
        (route.method, route.resource.canonical)
        for route in gateway.server.app.router.routes()
        if route.resource is not None and route.method != "HEAD" and not gateway.server.app[ROUTES].contract(route).page
    }
    assert set(operations_of(document)) == routed


async def test_the_document_shows_no_parameter_that_a_query_cannot_say(
    document: dict[str, Any], gateway: RunningGateway
) -> None:
    operations = operations_of(document)
    shown = [parameter for operation in operations.values() for parameter in operation.get("parameters", ())]
    assert not [parameter["name"] for parameter in shown if parameter["schema"].get("type") in {"array", "object"}]
    assert "prompt" in {parameter["name"] for parameter in operations["GET", "/api/chat"]["parameters"]}
    body = operations["POST", "/api/chat"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    assert "attachments" in document["components"]["schemas"][body.rpartition("/")[2]]["properties"]
    key = await gateway.make("mia")
    refused = await gateway.call("GET", "/api/chat?prompt=Hi&attachments=x", key=key)
    assert (refused.status, "attachments" in refused.body["message"]) == (400, True)


async def test_the_version_is_that_of_the_package(document: dict[str, Any]) -> None:
    assert document["info"]["version"] == gateway_version() != "0"


async def test_the_document_says_which_routes_take_a_key(document: dict[str, Any]) -> None:
    for (method, path), operation in operations_of(document).items():
        refused = {"401", "403"} & set(operation["responses"])
        assert (
            bool(operation["security"])
            == bool(refused)
            == (path not in {"/health", "/health/ready", "/openapi.json", "/docs"})
        ), (
            method,
            path,
        )


async def test_every_operation_has_a_name_of_its_own(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for operation in operations_of(document).values()]
    assert len(names) == len(set(names))


async def test_a_stream_is_described_event_by_event(document: dict[str, Any]) -> None:
    content = operations_of(document)["POST", "/api/chat"]["responses"]["200"]["content"]
    assert set(content) == {"application/json", "text/plain", "text/html", "text/event-stream"}
    events = [kind["properties"] for kind in content["text/event-stream"]["schema"]["oneOf"]]
    assert [event["event"]["const"] for event in events] == ["start", "delta", "done", "error"]
    for event in events:
        assert (
            event["data"]["contentSchema"]["$ref"].removeprefix("#/components/schemas/")
            in document["components"]["schemas"]
        )


async def test_errors_are_one_schema_that_real_errors_fit(document: dict[str, Any], gateway: RunningGateway) -> None:
    schema = {"$ref": "#/components/schemas/ErrorAnswer", "components": document["components"]}
    for reply in (await gateway.call("GET", "/api/users"), await gateway.call("GET", "/nowhere")):
        jsonschema.validate(reply.body, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"status": "success", "error": {"code": "x", "message": "x"}, "message": "x"}, schema)


@pytest.mark.parametrize("contract", CONTRACTS, ids=named)
def test_every_route_says_what_it_answers_and_explains_itself(contract: Contract) -> None:
    told = explained(contract.handler)
    assert contract.answers
    assert told.summary
    assert "`" not in told.summary.partition(" ")[0]


@pytest.mark.parametrize("contract", [contract for contract in CONTRACTS if contract.body is not None], ids=named)
def test_every_body_has_an_example_that_its_own_route_takes(contract: Contract) -> None:
    example = explained(contract.handler).example
    assert example
    msgspec.convert(example, contract.body)


async def nothing(request: web.Request) -> web.Response:
    """Nothing at all."""
    return web.Response()


def test_routes_that_share_a_handler_and_patterns_in_paths_are_told_apart() -> None:
    routes = create_app(Config())[ROUTES]
    routes.get(r"/one/{id:\d+}", nothing, roles="anyone")
    routes.post("/two", nothing, roles="anyone")
    document = describe(routes.contracts(), version="1")
    openapi_spec_validator.validate(document)
    found = operations_of(document)
    assert found["GET", "/one/{id}"]["operationId"] == "nothing"
    assert found["POST", "/two"]["operationId"] == "post_two"


async def test_a_handler_cannot_read_parameters_that_its_route_does_not_say(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    class Other(Query, frozen=True):
        pass

    async def ask(request: web.Request) -> web.Response:
        query_of(request, Other)
        return web.Response()

    config = config_in(tmp_path / "data")
    app = create_app(config, clock=clock)
    app[ROUTES].get("/ask", ask, roles="anyone")
    async with running(config, clock, app=app) as gateway:
        assert (await gateway.call("GET", "/ask")).status == 500
    assert "say query=Other of it" in caplog.text


# The page


class Links(HTMLParser):
    """What a page names, links to and loads."""

    def __init__(self) -> None:
        super().__init__()
        self.names = set[str]()
        self.links = set[str]()
        self.tags = set[str]()
        self.attributes = set[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name == "id":
                self.names.add(value or "")
            if name in {"href", "src"}:
                self.links.add(value or "")


async def test_the_page_shows_every_route_and_every_link_leads_somewhere(
    gateway: RunningGateway, document: dict[str, Any]
) -> None:
    page = await gateway.call("GET", "/docs")
    assert page.headers["Content-Type"].startswith("text/html")
    links = Links()
    links.feed(page.body)
    assert {operation["operationId"] for operation in operations_of(document).values()} <= links.names
    assert {link.removeprefix("#") for link in links.links if link.startswith("#")} <= links.names
    assert {link for link in links.links if not link.startswith("#")} == {"openapi.json"}
    for _, path in operations_of(document):
        assert f"<code>{path}</code>" in page.body


async def test_the_page_runs_nothing_and_loads_nothing(gateway: RunningGateway) -> None:
    page = await gateway.call("GET", "/docs")
    links = Links()
    links.feed(page.body)
    assert not links.tags & {"script", "link", "img", "iframe", "form"}
    assert not {name for name in links.attributes if name.startswith("on") or name == "style"}
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"https?://(?!127\.0\.0\.1)", page.body)


async def test_the_page_shows_a_command_to_copy_with_an_example_in_it(gateway: RunningGateway) -> None:
    page = (await gateway.call("GET", "/docs")).body
    assert "curl -X POST &quot;$GATEWAY/api/chat&quot;" in page
    assert "{&quot;prompt&quot;: &quot;Hello&quot;}" in page
