"""What was bought. https://discord.com/developers/docs/resources/entitlement#endpoints"""

from playground.standin.rest.routing import Call, Routes
from playground.standin.world import shapes
from playground.standin.world.entities import JSON, Application, Entitlement
from playground.standin.world.errors import Code, Refused

_ALL = "/applications/{application_id}/entitlements"


def add(routes: Routes) -> None:
    """The routes of this subject."""
    routes.add("GET", _ALL, _list)
    routes.add("POST", _ALL, _create_test)
    routes.add("GET", _ALL + "/{entitlement_id}", _get)
    routes.add("DELETE", _ALL + "/{entitlement_id}", _delete_test)
    routes.add("POST", _ALL + "/{entitlement_id}/consume", _consume)
    routes.add("GET", "/applications/{application_id}/skus", _skus)


def _application(call: Call) -> Application:
    if call.id("application_id") != call.caller.id:
        raise Refused(Code.MISSING_ACCESS)
    return call.caller


def _list(call: Call) -> list[JSON]:
    application = _application(call)
    mine = [each for each in call.world.state.entitlements.values() if each.application_id == application.id]
    found = [each for each in mine if _matches(call, each)]
    limit = call.number("limit", 100, 1, 100)
    nearest = found[-limit:] if "before" in call.query else found[:limit]
    return [shapes.entitlement(each) for each in nearest]


def _matches(call: Call, each: Entitlement) -> bool:
    query, now = call.query, call.world.state.clock.now()
    yes = ("true", "1")
    skus = query.get("sku_ids") or query.get("sku_id")
    refused = (
        ("user_id" in query and int(query["user_id"]) != each.user_id)
        or ("guild_id" in query and int(query["guild_id"]) != each.guild_id)
        or (skus is not None and str(each.sku_id) not in skus.split(","))
        or (query.get("exclude_ended", "").lower() in yes and each.ends_at is not None and each.ends_at <= now)
        or (query.get("exclude_deleted", "true").lower() in yes and each.deleted)
    )
    return not (refused or each.id <= int(query.get("after") or 0)) and (
        "before" not in query or each.id < int(query["before"])
    )


def _create_test(call: Call) -> JSON:
    """https://discord.com/developers/docs/resources/entitlement#create-test-entitlement: owner type 1 guild, 2 user."""
    body, owner = call.body, int(call.body["owner_id"])
    for_guild = body.get("owner_type") == 1
    each = call.world.entitlements.create(
        _application(call),
        int(body["sku_id"]),
        user_id=None if for_guild else owner,
        guild_id=owner if for_guild else None,
        test=True,
    )
    return shapes.entitlement(each)


def _find(call: Call) -> Entitlement:
    return call.world.entitlements.get(_application(call), call.id("entitlement_id"))


def _get(call: Call) -> JSON:
    return shapes.entitlement(_find(call))


def _delete_test(call: Call) -> None:
    call.world.entitlements.delete(_find(call))


def _consume(call: Call) -> None:
    _find(call).consumed = True


def _skus(call: Call) -> list[JSON]:
    return _application(call).skus
