"""Which names a user may ask with, and which account answers to one."""

from collections.abc import Callable

from gateway.accounts import AccountPool, PooledAccount
from gateway.config import Account
from gateway.errors import ApiError, NotFound, PermissionDenied
from gateway.principals import Principal
from gateway.upstreams.relayed import RelayedPath
from gateway.wire import PlusWish
from gateway.wire.openai import Model

ALIASES: dict[str, PlusWish] = {"free": False, "plus": True, "auto": "any"}
"""Names that stand for whichever account of a tier answers; `auto` is the best that the user may ask."""


class Models:
    """The models of the pool's accounts, by name."""

    def __init__(self, pool: AccountPool) -> None:
        self._pool = pool

    def listed(self, user: Principal) -> list[Model]:
        """What a user may ask with: the aliases first, then every model once."""
        accounts = [
            pooled.account
            for pooled in self._pool.accounts
            if pooled.upstream is not None and (user.plus or pooled.account.tier == "free")
        ]
        tiers = {account.tier for account in accounts}
        names = [alias for alias in ALIASES if alias in tiers or (alias == "auto" and accounts)]
        names += [account.model for account in accounts]
        names += [account.embedding_model for account in accounts if account.embedding_model]
        return [Model(id=name) for name in dict.fromkeys(names)]

    def find(self, user: Principal, name: str) -> Model:
        """One of those listed. Raises `PermissionDenied` with code `plus_required`, and `NotFound`."""
        for model in self.listed(user):
            if model.id == name:
                return model
        configured = self._pool.configured
        if name == "plus" or any(name in (account.model, account.embedding_model) for account in configured):
            raise _plus_required(name)
        raise _unknown(name)

    def pick(self, user: Principal, name: str, path: RelayedPath, *, images: bool) -> tuple[PooledAccount, str]:
        """The account that answers, and the model to ask it for.

        Raises `NotFound` with code `unknown_model`, `PermissionDenied` with code `plus_required`, and `Unavailable` as
        `AccountPool.pick` does.
        """
        fits = _fitting(name, path)
        found = [account for account in self._pool.configured if fits(account)]
        out_of_reach = name not in ALIASES and found and all(account.tier == "plus" for account in found)
        if not user.plus and (name == "plus" or out_of_reach):
            raise _plus_required(name)
        if not found:
            raise _unknown(name) if path == "chat/completions" else _not_offered(name, path)
        pooled = self._pool.pick(ALIASES.get(name, "any"), user_plus=user.plus, images=images, fits=fits)
        return pooled, _model(pooled.account, path)


def _fitting(name: str, path: RelayedPath) -> Callable[[Account], bool]:
    def fits(account: Account) -> bool:
        if path == "responses" and not account.responses:
            return False
        model = _model(account, path)
        return bool(model) and (name in ALIASES or model == name)

    return fits


def _model(account: Account, path: RelayedPath) -> str:
    return account.embedding_model if path == "embeddings" else account.model


def _plus_required(name: str) -> ApiError:
    return _about_model(
        PermissionDenied(
            f"The model {name} needs plus access, which this key does not have. Ask for one of /v1/models.",
            code="plus_required",
        )
    )


def _unknown(name: str) -> ApiError:
    return _about_model(
        NotFound(f"There is no model {name} on this gateway. Ask for one of /v1/models.", code="unknown_model")
    )


def _not_offered(name: str, path: RelayedPath) -> ApiError:
    words = f"No account of this gateway offers {path} with the model {name}. An admin can set "
    setting = "embedding_model" if path == "embeddings" else "responses = true"
    return _about_model(NotFound(f"{words}{setting} for an account that does.", code="unknown_model"))


def _about_model(error: ApiError) -> ApiError:
    error.param = "model"
    return error
