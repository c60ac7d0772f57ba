import pytest

from storage import Sealer, derive


def sealer(*secrets: str) -> Sealer:
    return Sealer(secrets, b"tests")


def test_what_is_sealed_can_be_opened_and_not_read() -> None:
    token = sealer("one").seal("rk-secret")
    assert b"secret" not in token
    assert sealer("one").open(token) == "rk-secret"


def test_another_secret_opens_nothing() -> None:
    assert sealer("two").open(sealer("one").seal("rk-secret")) is None
    assert sealer("two").reseal(sealer("one").seal("rk-secret")) is None


def test_a_secret_is_rotated_without_losing_a_key() -> None:
    old = sealer("one").seal("rk-secret")
    both = sealer("two", "one")
    assert both.open(old) == "rk-secret"
    moved = both.reseal(old)
    assert moved is not None
    assert sealer("two").open(moved) == "rk-secret"


def test_no_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="no secret"):
        sealer()


def test_what_is_sealed_for_one_purpose_is_not_opened_for_another() -> None:
    assert Sealer(["one"], b"else").open(sealer("one").seal("rk-secret")) is None
    assert derive("one", b"a") != derive("one", b"b")
