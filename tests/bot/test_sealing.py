import pytest

from bot.sealing import Sealer


def test_what_is_sealed_can_be_opened_and_not_read() -> None:
    token = Sealer("one").seal("rk-secret")
    assert b"secret" not in token
    assert Sealer("one").open(token) == "rk-secret"


def test_another_secret_opens_nothing() -> None:
    assert Sealer("two").open(Sealer("one").seal("rk-secret")) is None
    assert Sealer("two").reseal(Sealer("one").seal("rk-secret")) is None


def test_a_secret_is_rotated_without_losing_a_key() -> None:
    old = Sealer("one").seal("rk-secret")
    both = Sealer("two, one")
    assert both.open(old) == "rk-secret"
    moved = both.reseal(old)
    assert moved is not None
    assert Sealer("two").open(moved) == "rk-secret"


def test_no_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="no secret"):
        Sealer(" , ")
