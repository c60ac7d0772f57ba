"""What answers cost."""

import pytest
from genai_prices import Usage as Counted
from genai_prices import calc_price

from gateway.config import Account
from gateway.prices import cost_usd, priced
from gateway.wire import Usage

USAGE = Usage(input_tokens=1_000_000, output_tokens=1_000_000)


@pytest.mark.parametrize("base_url", ["https://api.openai.com/v1", "http://127.0.0.1:4000/v1"])
def test_openais_models_have_a_price_also_through_a_relay(base_url: str) -> None:
    cost = cost_usd(USAGE, "gpt-4o-mini", base_url)
    assert cost == pytest.approx(0.75)


def test_what_has_no_known_price_has_none() -> None:
    assert cost_usd(USAGE, "llama3", "http://127.0.0.1:11434/v1") is None
    assert cost_usd(USAGE, "no-such-model", "https://api.openai.com/v1") is None


@pytest.mark.parametrize("model", ["gpt-4o-mini", "gpt-5.4", "gpt-5.6-luna", "o3-pro"])
@pytest.mark.parametrize(("asked", "answered"), [(7, 0), (1_000, 100), (300_000, 5_000)])
def test_a_model_costs_what_the_list_says_however_long_its_prompt(model: str, asked: int, answered: int) -> None:
    listed = calc_price(Counted(input_tokens=asked, output_tokens=answered), model, provider_id="openai")
    cost = cost_usd(Usage(input_tokens=asked, output_tokens=answered), model, "http://127.0.0.1/v1")
    assert cost == pytest.approx(float(listed.total_price))


def test_an_accounts_own_prices_take_the_place_of_the_list() -> None:
    account = Account(name="a", tier="free", model="gpt-4o-mini", input_usd_per_mtok=0.5, output_usd_per_mtok=1.0)
    assert priced(USAGE, account).cost_usd == pytest.approx(1.5)
    free = Account(name="a", tier="free", model="gpt-4o-mini", input_usd_per_mtok=0.0, output_usd_per_mtok=0.0)
    assert priced(USAGE, free).cost_usd == 0.0
    listed = Account(name="a", tier="free", model="gpt-4o-mini")
    assert priced(USAGE, listed).cost_usd == pytest.approx(0.75)
    assert priced(USAGE, Account(name="a", tier="free", model="gpt-4o-mini", kind="offline")).cost_usd == 0.0


def test_half_a_price_is_none() -> None:
    with pytest.raises(ValueError, match="go together"):
        Account(name="a", tier="free", model="m", input_usd_per_mtok=1.0)
