from hypothesis import given
from hypothesis import strategies as st

from gateway.keys import KeyHasher, generate_key, looks_valid


def test_a_key_has_a_prefix_192_random_bits_and_a_checksum() -> None:
    key = generate_key(lambda length: b"\xff" * length)
    assert key.startswith("rk-")
    assert len(key) == 3 + 33 + 6
    assert key[3:].isalnum()
    assert looks_valid(key)


def test_keys_differ() -> None:
    assert len({generate_key() for _ in range(1000)}) == 1000


@given(position=st.integers(3, 41), digit=st.sampled_from("0123456789ABCxyz"))
def test_a_typo_anywhere_is_seen(position: int, digit: str) -> None:
    key = generate_key(lambda length: bytes(range(length)))
    typo = key[:position] + digit + key[position + 1 :]
    assert looks_valid(typo) == (typo == key)


@given(st.text())
def test_other_text_is_no_key(text: str) -> None:
    assert not looks_valid(text)
    assert not looks_valid("rk-" + text)


def test_a_hash_depends_on_the_secret_and_the_hint_shows_four_characters() -> None:
    key = generate_key()
    first, second = KeyHasher(["one"]).hash(key), KeyHasher(["two"]).hash(key)
    assert first.hash != second.hash
    assert first.hint == key[-4:]
    assert key.encode() not in first.hash


def test_the_newest_secret_comes_first() -> None:
    key = generate_key()
    assert KeyHasher(["new", "old"]).candidates(key) == [KeyHasher([s]).hash(key).hash for s in ("new", "old")]
