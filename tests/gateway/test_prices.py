"""What answers cost."""

import pytest

from gateway.prices import cost_usd
from gateway.wire import Usage

USAGE = Usage(input_tokens=1_000_000, output_tokens=1_000_000)


@pytest.mark.parametrize("base_url", ["https://api.openai.com/v1", "http://127.0.0.1:4000/v1"])
def test_openais_models_have_a_price_also_through_a_relay(base_url: str) -> None:
    cost = cost_usd(USAGE, "gpt-4o-mini", base_url)
    assert cost == pytest.approx(0.75)


def test_what_has_no_known_price_has_none() -> None:
    assert cost_usd(USAGE, "llama3", "http://127.0.0.1:11434/v1") is None
    assert cost_usd(USAGE, "no-such-model", "https://api.openai.com/v1") is None
