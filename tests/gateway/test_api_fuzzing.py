"""Requests that nobody thought of, made from the published document: no 5xx, and no answer outside of it."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks

from gateway.app_keys import ROUTES
from gateway.config import Account
from gateway.wire import Role
from tests.fakes.upstream import FakeUpstream
from tests.gateway.chatting import ROOMY, accounts_at
from tests.gateway.conftest import Clock, RunningGateway, config_in, running

MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
EXAMPLES = 5
# Their types are not known in full.
BASIC: Any = checks
RULES: Any = openapi_checks
CHECKS: list[Any] = [
    BASIC.not_a_server_error,
    RULES.status_code_conformance,
    RULES.content_type_conformance,
    RULES.response_headers_conformance,
    RULES.response_schema_conformance,
]
# Where what is wrong with a request was not replaced by something right.
CHECKS_OF_UNTOUCHED: list[Any] = [*CHECKS, RULES.negative_data_rejection]
# Arguments that hardly ever fit what else a request says: another key than the header's, a name for what has two.
CONTRADICTORY = {"user", "client", "admin", "userid", "parent_id", "access_token", "email", "password"}


@pytest.fixture
async def gateway(tmp_path: Path, clock: Clock) -> AsyncGenerator[RunningGateway]:
    """A gateway whose answers come from the offline model, or from a provider that callers may have keys of."""
    offline = [
        Account(name=f"offline-{tier}", tier=tier, kind="offline", model="m", max_output_tokens=2)
        for tier in ("free", "plus")
    ]
    async with FakeUpstream() as upstream:
        accounts = [*offline, *accounts_at(upstream, api_key_env="", embedding_model="m", responses=True)]
        settings = config_in(tmp_path / "data", accounts=accounts, title_wait_seconds=0.0, limits=ROOMY)
        async with running(settings, clock) as gateway:
            yield gateway


class Fuzzing:
    """Asks every operation of a gateway, as the holder of one key."""

    def __init__(self, url: str, document: dict[str, Any], key: str, known: dict[str, list[str]]) -> None:
        self._url = url
        self._schema: Any = schemathesis.openapi.from_dict(document)
        self._key = key
        self._known = known
        self.statuses = dict[str, set[int]]()

    def run(self) -> None:
        operations: list[Any] = [found.ok() for found in self._schema.get_all_operations()]
        operations.sort(key=_harm)
        with requests.Session() as session:
            for operation in operations:
                for mode in MODES:
                    # There is no wrong way to ask where nothing is taken.
                    with suppress(Unsatisfiable):
                        self._ask(operation, mode, session)

    def _ask(self, operation: Any, mode: schemathesis.GenerationMode, session: requests.Session) -> None:
        seen = self.statuses.setdefault(operation.label, set())

        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large),
        )
        @given(data=st.data())
        def ask(data: st.DataObject) -> None:
            case: Any = data.draw(operation.as_strategy(generation_mode=mode))
            touched = fill_in(case, data, self._known)
            response = case.call(
                base_url=self._url, session=session, headers={"Authorization": f"Bearer {self._key}"}, timeout=5
            )
            case.validate_response(response, checks=CHECKS if touched else CHECKS_OF_UNTOUCHED)
            seen.add(response.status_code)

        ask()


def _harm(operation: Any) -> tuple[bool, bool]:
    """What is deleted last, users at the very end, is there to be asked for until then."""
    return operation.method == "delete", "user" in operation.path


def fill_in(case: Any, data: st.DataObject, known: dict[str, list[str]]) -> bool:
    """Every other time name what exists, else only errors would be seen. Whether it did."""
    if not data.draw(st.booleans()):
        return False
    for fields in (fields_of(case.path_parameters), fields_of(case.query), fields_of(case.body)):
        if "prompt" in fields:
            fields.update(dict.fromkeys({"user_id", "conversation_id"} & set(known)))
        for name in CONTRADICTORY & set(fields):
            del fields[name]
        for name in sorted(set(fields) & set(known)):
            fields[name] = data.draw(st.sampled_from(known[name]))
        if "id" in fields and "message_id" in fields:  # a message is found in its own conversation only
            fields["message_id"] = known["message_id"][known["id"].index(fields["id"])]
    return True


def fields_of(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def without_security(document: dict[str, Any]) -> dict[str, Any]:
    """The document with no word about keys, so that every request is made with the right one."""
    for operations in document["paths"].values():
        for operation in operations.values():
            del operation["security"]
    del document["components"]["securitySchemes"]
    return document


async def exchange_of(gateway: RunningGateway, key: str) -> tuple[str, str]:
    begun = await gateway.call("POST", "/api/chat", key=key, json={"prompt": "hello"})
    assert begun.status == 200, begun.body
    return begun.body["conversation_id"], begun.body["message_id"]


@pytest.mark.parametrize("role", ["admin", "client", "user"])
async def test_no_request_gets_a_5xx_or_an_answer_that_the_document_does_not_know(
    gateway: RunningGateway, role: Role, caplog: pytest.LogCaptureFixture
) -> None:
    client = await gateway.make("bot", role="client")
    user = await gateway.make("mia", key=client)
    await gateway.make("ada", key=client)
    known = {"client_id": ["bot"], "model": ["free", "auto", "m"]}
    if role != "user":  # who would change the key it asks with
        known["user_id"] = ["mia", "new"]
    begun = [await exchange_of(gateway, user) for _ in range(6)]
    known["id"] = known["conversation_id"] = [conversation for conversation, _ in begun]
    known["message_id"] = [message for _, message in begun]
    document = without_security((await gateway.call("GET", "/openapi.json")).body)
    keys = {"admin": gateway.admin_key, "client": client, "user": user}
    fuzzing = Fuzzing(gateway.url, document, keys[role], known)
    await asyncio.to_thread(fuzzing.run)
    answered = {label for label, statuses in fuzzing.statuses.items() if min(statuses) < 300}
    allowed = {
        f"{contract.method} {contract.path.replace(':.+', '')}"
        for contract in gateway.server.app[ROUTES].contracts()
        if contract.roles is None or role in contract.roles
    }
    relayed = {f"POST /v1/{path}" for path in ("chat/completions", "embeddings", "responses")}
    assert role != "user" or relayed <= answered
    # Some need luck: a token, a share, a user nobody has erased yet. Where hardly any is answered, nothing is tested.
    assert len(answered & allowed) >= 0.6 * len(allowed), sorted(allowed - answered)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
