import asyncio
from urllib.parse import quote

import pytest

from tests.gateway.conftest import RunningGateway

pytestmark = pytest.mark.usefixtures("either_engine")

MEMBER = "/api/users/" + quote("123:456", safe="")


@pytest.fixture
async def bot(gateway: RunningGateway) -> str:
    return await gateway.make("bot", role="client")


@pytest.fixture
async def member(gateway: RunningGateway, bot: str) -> str:
    return await gateway.make("123:456", key=bot, username="Ada")


async def test_a_client_makes_a_user_and_the_key_is_shown_once(gateway: RunningGateway, bot: str) -> None:
    made = await gateway.call(
        "POST", "/api/users", key=bot, json={"user_id": "123:456", "username": "Ada", "plus": True, "expires_in": 60}
    )
    assert made.status == 201
    assert made.headers["Cache-Control"] == "no-store"
    assert made.body["user"]["client_id"] == "bot"
    assert made.body["user"]["plus"] is True
    assert made.body["user"]["expires_at"] is not None
    seen = await gateway.call("GET", MEMBER, key=bot)
    assert seen.status == 200
    assert seen.body["user"]["key_hint"] == made.body["key"][-4:]
    assert made.body["key"] not in str(seen.body)


async def test_a_key_knows_who_it_is(gateway: RunningGateway, bot: str, member: str) -> None:
    assert (await gateway.call("GET", "/api/whoami", key=gateway.admin_key)).body["role"] == "admin"
    assert (await gateway.call("GET", "/api/whoami", key=bot)).body["name"] == "bot"
    user = (await gateway.call("GET", "/api/whoami", key=member)).body
    assert (user["role"], user["name"], user["client_id"]) == ("user", "123:456", "bot")


async def test_the_same_user_id_twice_is_a_conflict(gateway: RunningGateway, bot: str, member: str) -> None:
    again = await gateway.call("POST", "/api/users", key=bot, json={"user_id": "123:456"})
    assert (again.status, again.code) == (409, "user_exists")


async def test_of_parallel_creations_one_wins(gateway: RunningGateway, bot: str) -> None:
    made = await asyncio.gather(
        *(gateway.call("POST", "/api/users", key=bot, json={"user_id": "1:1"}) for _ in range(10))
    )
    assert sorted(reply.status for reply in made) == [201] + [409] * 9


async def test_of_parallel_revivals_one_wins(gateway: RunningGateway, bot: str, member: str) -> None:
    await gateway.call("DELETE", MEMBER, key=bot)
    made = await asyncio.gather(
        *(gateway.call("POST", "/api/users", key=bot, json={"user_id": "123:456"}) for _ in range(5))
    )
    assert sorted(reply.status for reply in made) == [201] + [409] * 4


async def test_clients_neither_see_nor_touch_each_others_users(gateway: RunningGateway, bot: str, member: str) -> None:
    other = await gateway.make("other", role="client")
    await gateway.make("9:9", key=other)
    tries = [
        await gateway.call("GET", MEMBER, key=other),
        await gateway.call("PATCH", MEMBER, key=other, json={"plus": True}),
        await gateway.call("DELETE", MEMBER, key=other),
        await gateway.call("POST", MEMBER + "/key", key=other),
        await gateway.call("GET", "/api/conversations?user_id=123:456", key=other),
    ]
    assert [(reply.status, reply.code) for reply in tries] == [(404, "unknown_user")] * 5
    assert (await gateway.call("GET", MEMBER + "?client_id=bot", key=other)).status == 403
    listed = (await gateway.call("GET", "/api/users", key=other)).body["users"]
    assert [user["user_id"] for user in listed] == ["9:9"]
    assert (await gateway.call("GET", "/api/whoami", key=member)).status == 200


async def test_two_clients_may_have_users_of_the_same_name(gateway: RunningGateway, bot: str, member: str) -> None:
    other = await gateway.make("other", role="client")
    await gateway.make("123:456", key=other, username="Grace")
    assert (await gateway.call("GET", MEMBER, key=other)).body["user"]["username"] == "Grace"
    as_admin = await gateway.call("GET", MEMBER + "?client_id=bot", key=gateway.admin_key)
    assert as_admin.body["user"]["username"] == "Ada"
    unnamed = await gateway.call("GET", MEMBER, key=gateway.admin_key)
    assert unnamed.status == 404
    assert "client_id" in unnamed.body["message"]


async def test_a_user_sees_itself_and_nobody_else(gateway: RunningGateway, bot: str, member: str) -> None:
    await gateway.make("1:1", key=bot)
    assert (await gateway.call("GET", MEMBER, key=member)).status == 200
    assert (await gateway.call("GET", "/api/users/1:1", key=member)).status == 404
    assert (await gateway.call("POST", "/api/users/1:1/key", key=member)).status == 404
    listed = (await gateway.call("GET", "/api/users", key=member)).body["users"]
    assert [user["user_id"] for user in listed] == ["123:456"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/users", {"user_id": "x"}),
        ("PATCH", MEMBER, {"plus": True}),
        ("DELETE", MEMBER, None),
    ],
)
async def test_a_user_may_not_do_what_clients_do(
    gateway: RunningGateway, member: str, method: str, path: str, body: object
) -> None:
    refused = await gateway.call(method, path, key=member, json=body)
    assert (refused.status, refused.code) == (403, "forbidden")


@pytest.mark.parametrize("role", ["client", "agent"])
async def test_only_an_admin_makes_clients_and_agents(gateway: RunningGateway, bot: str, role: str) -> None:
    one = {"user_id": "b2", "role": role}
    refused = await gateway.call("POST", "/api/users", key=bot, json=one)
    assert (refused.status, refused.code) == (403, "forbidden")
    nested = await gateway.call("POST", "/api/users?client_id=bot", key=gateway.admin_key, json=one)
    assert nested.status == 400
    made = await gateway.call("POST", "/api/users", key=gateway.admin_key, json=one)
    assert (made.status, made.body["user"]["role"]) == (201, role)
    assert (await gateway.call("GET", "/api/usage", key=made.body["key"])).status == (200 if role == "client" else 403)


async def test_an_admin_makes_a_user_for_a_client(gateway: RunningGateway, bot: str) -> None:
    made = await gateway.call("POST", "/api/users?client_id=bot", key=gateway.admin_key, json={"user_id": "1:1"})
    assert made.body["user"]["client_id"] == "bot"
    assert (await gateway.call("GET", "/api/users/1:1", key=bot)).status == 200
    nobody = await gateway.call("POST", "/api/users?client_id=nobody", key=gateway.admin_key, json={"user_id": "1:1"})
    assert (nobody.status, nobody.code) == (404, "unknown_client")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "user_id"),
        ({"user_id": ""}, "user_id"),
        ({"user_id": "a\nb"}, "user_id"),
        ({"user_id": "x" * 101}, "user_id"),
        ({"user_id": "x", "plus": "yes"}, "plus"),
        ({"user_id": "x", "expires_in": 0}, "expires_in"),
        ({"user_id": "x", "role": "admin"}, "role"),
        ({"user_id": "x", "colour": 1}, "colour"),
        ([], "object"),
    ],
)
async def test_a_wrong_body_is_refused_by_its_field(gateway: RunningGateway, body: object, field: str) -> None:
    refused = await gateway.call("POST", "/api/users", key=gateway.admin_key, json=body)
    assert (refused.status, refused.code) == (400, "invalid_request")
    assert field in refused.body["message"]


@pytest.mark.parametrize("body", [b"", b"{", b'{"user_id": "\xff"}', b'{"user_id": "\x00"}', b'{"user_id": "\\ud800"}'])
async def test_what_is_no_json_is_refused(gateway: RunningGateway, body: bytes) -> None:
    refused = await gateway.call("POST", "/api/users", key=gateway.admin_key, data=body)
    assert (refused.status, refused.code) == (400, "invalid_json")


async def test_a_nul_character_is_refused(gateway: RunningGateway) -> None:
    body = {"user_id": "x", "username": "a\0b"}
    assert (await gateway.call("POST", "/api/users", key=gateway.admin_key, json=body)).status == 400


async def test_a_change_names_what_it_changes(gateway: RunningGateway, bot: str, member: str) -> None:
    changed = await gateway.call("PATCH", MEMBER, key=bot, json={"plus": True})
    assert changed.body["user"]["plus"] is True
    assert changed.body["user"]["username"] == "Ada"
    assert (await gateway.call("PATCH", MEMBER, key=bot, json={"username": ""})).body["user"]["username"] == ""
    assert (await gateway.call("PATCH", MEMBER, key=bot, json={})).body["user"]["plus"] is True
    assert (await gateway.call("PATCH", MEMBER, key=bot, json={"plus": None})).status == 400
    assert (await gateway.call("PATCH", "/api/users/1:1", key=bot, json={})).status == 404


async def test_a_disabled_user_is_shut_out_until_it_is_enabled(gateway: RunningGateway, bot: str, member: str) -> None:
    await gateway.call("PATCH", MEMBER, key=bot, json={"disabled": True})
    refused = await gateway.call("GET", "/api/whoami", key=member)
    assert (refused.status, refused.code) == (403, "disabled")
    await gateway.call("PATCH", MEMBER, key=bot, json={"disabled": False})
    assert (await gateway.call("GET", "/api/whoami", key=member)).status == 200


async def test_deleting_revokes_at_once_and_hides_the_user(gateway: RunningGateway, bot: str, member: str) -> None:
    assert (await gateway.call("DELETE", MEMBER, key=bot)).status == 200
    refused = await gateway.call("GET", "/api/whoami", key=member)
    assert (refused.status, refused.code) == (401, "revoked_key")
    assert (await gateway.call("GET", MEMBER, key=bot)).status == 404
    assert (await gateway.call("DELETE", MEMBER, key=bot)).status == 404
    assert (await gateway.call("GET", "/api/users", key=bot)).body["users"] == []


async def test_purging_forgets_that_the_key_ever_was(gateway: RunningGateway, bot: str, member: str) -> None:
    assert (await gateway.call("DELETE", MEMBER + "?purge=maybe", key=bot)).status == 400
    assert (await gateway.call("DELETE", MEMBER + "?purge=true", key=bot)).status == 200
    assert (await gateway.call("GET", "/api/whoami", key=member)).code == "invalid_key"


async def test_a_deleted_user_comes_back_with_a_new_key(gateway: RunningGateway, bot: str, member: str) -> None:
    await gateway.call("DELETE", MEMBER, key=bot)
    fresh = await gateway.make("123:456", key=bot, username="Ada II")
    assert (await gateway.call("GET", "/api/whoami", key=fresh)).status == 200
    assert (await gateway.call("GET", "/api/whoami", key=member)).code == "revoked_key"


@pytest.mark.usefixtures("member")
async def test_who_was_switched_off_stays_so_when_they_come_back(gateway: RunningGateway, bot: str) -> None:
    await gateway.call("PATCH", MEMBER, key=bot, json={"disabled": True})
    await gateway.call("DELETE", MEMBER, key=bot)
    fresh = await gateway.make("123:456", key=bot)
    assert (await gateway.call("GET", "/api/whoami", key=fresh)).code == "disabled"


async def test_a_deleted_client_takes_its_users_keys_along(gateway: RunningGateway, bot: str, member: str) -> None:
    await gateway.call("DELETE", "/api/users/bot", key=gateway.admin_key)
    assert (await gateway.call("GET", "/api/whoami", key=bot)).code == "revoked_key"
    assert (await gateway.call("GET", "/api/whoami", key=member)).code == "revoked_key"
    back = await gateway.make("bot", role="client")
    assert (await gateway.call("GET", MEMBER, key=back)).status == 200
    assert (await gateway.call("GET", "/api/whoami", key=member)).code == "revoked_key"


async def test_a_disabled_client_holds_its_users_up(gateway: RunningGateway, bot: str, member: str) -> None:
    await gateway.call("PATCH", "/api/users/bot", key=gateway.admin_key, json={"disabled": True})
    assert (await gateway.call("GET", "/api/whoami", key=member)).code == "disabled"
    await gateway.call("PATCH", "/api/users/bot", key=gateway.admin_key, json={"disabled": False})
    assert (await gateway.call("GET", "/api/whoami", key=member)).status == 200


async def test_a_deleted_clients_name_is_not_taken_over_by_a_user(gateway: RunningGateway, bot: str) -> None:
    await gateway.call("DELETE", "/api/users/bot", key=gateway.admin_key)
    refused = await gateway.call("POST", "/api/users", key=gateway.admin_key, json={"user_id": "bot"})
    assert (refused.status, refused.code) == (409, "user_exists")


async def test_an_admin_cannot_lock_itself_out(gateway: RunningGateway) -> None:
    for method, body in (("DELETE", None), ("PATCH", {"disabled": True})):
        refused = await gateway.call(method, "/api/users/admin", key=gateway.admin_key, json=body)
        assert (refused.status, refused.code) == (409, "own_key")


async def test_lists_come_in_pages(gateway: RunningGateway, bot: str) -> None:
    for number in range(5):
        await gateway.make(f"1:{number}", key=bot)
    seen = list[str]()
    path, pages = "/api/users?limit=2", 0
    while path:
        page = (await gateway.call("GET", path, key=bot)).body
        seen += [user["user_id"] for user in page["users"]]
        path = f"/api/users?limit=2&cursor={page['next_cursor']}" if page["next_cursor"] else ""
        pages += 1
    assert seen == [f"1:{number}" for number in range(5)]
    assert pages == 3


async def test_an_admin_sees_everybody_or_one_clients_users(gateway: RunningGateway, bot: str, member: str) -> None:
    everybody = (await gateway.call("GET", "/api/users", key=gateway.admin_key)).body["users"]
    assert [user["user_id"] for user in everybody] == ["admin", "bot", "123:456"]
    of_bot = (await gateway.call("GET", "/api/users?client_id=bot", key=gateway.admin_key)).body["users"]
    assert [user["user_id"] for user in of_bot] == ["123:456"]


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=x", "limit=-1", "limit=²", "cursor=x", "cursor=", "cursor=WyJhIl0", "cursor=é"],
)
async def test_a_wrong_page_is_refused(gateway: RunningGateway, query: str) -> None:
    assert (await gateway.call("GET", f"/api/users?{query}", key=gateway.admin_key)).status == 400
    assert (await gateway.call("GET", f"/api/conversations?{query}", key=gateway.admin_key)).status == 400


@pytest.mark.parametrize("name", ["a/b", "100%", "..x", "ünï", "a b", "a?b#c", "%2F"])
async def test_any_user_id_can_be_addressed(gateway: RunningGateway, bot: str, name: str) -> None:
    await gateway.make(name, key=bot)
    seen = await gateway.call("GET", "/api/users/" + quote(name, safe=""), key=bot)
    assert seen.body["user"]["user_id"] == name


async def test_users_are_found_by_id_and_name_in_any_case_and_by_role_among_ones_own(
    gateway: RunningGateway, bot: str, member: str
) -> None:
    odd = {"1:100%": "Émile", "1:a_b!": "bot's friend", "7": "ADA lovelace"}
    for user_id, username in odd.items():
        await gateway.make(user_id, key=bot, username=username)
    other = await gateway.make("other", role="client")
    hidden = await gateway.make("ada", key=other, username="Ada of another client")

    async def found(query: str, key: str = bot) -> list[str]:
        reply = await gateway.call("GET", f"/api/users?{query}", key=key)
        assert reply.status == 200, reply.body
        return [user["user_id"] for user in reply.body["users"]]

    assert await found("search=ada") == ["123:456", "7"]
    assert await found("search=456") == ["123:456"]
    assert await found("search=%25") == ["1:100%"]
    assert await found("search=_") == await found("search=A_B!") == ["1:a_b!"]
    assert await found("search=" + quote("Émile")) == ["1:100%"]
    assert await found("search=nobody") == await found("role=client") == []
    assert await found("search=ada", gateway.admin_key) == ["123:456", "7", "ada"]
    assert await found("search=OT&role=client", gateway.admin_key) == ["bot", "other"]
    assert await found("search=another", hidden) == ["ada"]
    assert await found("search=123", hidden) == await found("role=client", hidden) == []
    first = await gateway.call("GET", "/api/users?search=ada&limit=1", key=bot)
    assert await found(f"search=ada&cursor={first.body['next_cursor']}") == ["7"]
