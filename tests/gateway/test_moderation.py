"""Prompts that moderation flags are not sent; what happens where moderation itself fails is a setting."""

import logging
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from gateway.errors import InvalidRequest, Unavailable
from gateway.wire import AccessTokenRequest, NewAttachment
from tests.fakes.upstream import FakeUpstream, Raw, Refuse
from tests.gateway.chatting import FREE_KEY, Chatting, accounts_at, ask, chatting, events_of

OUTAGES = [
    Refuse(500),
    Refuse(401, "invalid_api_key"),
    Refuse(404, "model_not_found"),
    Raw((b'{"results": []}',), content_type="application/json"),
    Raw((b"<html>",), content_type="text/html"),
]

PNG = b"\x89PNG\r\n\x1a\n"
CAKE = NewAttachment.of("cake.png", PNG + b"a cake")
BOMB = NewAttachment.of("bomb.png", PNG + b"a bomb")


@pytest.fixture
async def upstream() -> AsyncGenerator[FakeUpstream]:
    async with FakeUpstream() as upstream:
        upstream.flagged = {"bomb": "violence", "insult": "harassment/threatening"}
        yield upstream


@pytest.fixture
async def room(tmp_path: Path, upstream: FakeUpstream) -> AsyncGenerator[Chatting]:
    accounts = accounts_at(upstream, moderation_model="omni-moderation-latest", images=True)
    async with chatting(tmp_path, upstream, accounts) as room:
        yield room


async def test_it_is_off_unless_an_account_names_a_model(tmp_path: Path, upstream: FakeUpstream) -> None:
    async with chatting(tmp_path, upstream) as room:
        assert (await ask(await room.user("mia"), "A bomb")).reply
    assert upstream.moderated == []


async def test_a_flagged_prompt_is_not_sent_and_not_kept(room: Chatting) -> None:
    mia = await room.user("mia")
    with pytest.raises(InvalidRequest) as refused:
        await ask(mia, "A bomb and an insult")
    assert refused.value.code == "prompt_flagged"
    assert "harassment/threatening, violence" in refused.value.message
    with pytest.raises(InvalidRequest):
        await events_of(mia, "A bomb")
    assert room.upstream.requests == []
    assert (await mia.list_conversations()).conversations == []
    assert [account.failures for account in (await room.admin.accounts()).accounts] == [0, 0]


async def test_a_good_prompt_is_looked_at_and_sent(room: Chatting) -> None:
    mia = await room.user("mia")
    answer = await ask(mia, "A cake")
    await ask(mia, "And tea", conversation_id=answer.conversation_id)
    assert [looked.body for looked in room.upstream.moderated] == [
        {"model": "omni-moderation-latest", "input": "A cake"},
        {"model": "omni-moderation-latest", "input": "And tea"},
    ]
    assert {looked.key for looked in room.upstream.moderated} == {FREE_KEY}


async def test_instructions_of_the_callers_own_are_looked_at_too(room: Chatting) -> None:
    mia = await room.user("mia")
    with pytest.raises(InvalidRequest) as refused:
        await ask(mia, "Go on", system="How to make a bomb")
    assert refused.value.code == "prompt_flagged"


async def test_images_are_looked_at_one_by_one(room: Chatting) -> None:
    mia = await room.user("mia")
    with pytest.raises(InvalidRequest) as refused:
        await ask(mia, "What is this?", attachments=[CAKE, BOMB])
    assert refused.value.code == "prompt_flagged"
    assert "violence" in refused.value.message
    assert room.upstream.requests == []
    inputs = [looked.body["input"] for looked in room.upstream.moderated]
    assert "What is this?" in inputs
    for image in (CAKE, BOMB):
        assert [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{image.data}"}}] in inputs
    assert (await ask(mia, "What is this?", attachments=[CAKE])).reply


async def test_an_image_that_moderation_cannot_see_passes_unless_its_words_are_flagged(room: Chatting) -> None:
    room.upstream.moderates_images = False
    mia = await room.user("mia")
    assert (await ask(mia, "What is this?", attachments=[BOMB])).reply
    with pytest.raises(InvalidRequest) as refused:
        await ask(mia, "Is this a bomb?", attachments=[CAKE])
    assert refused.value.code == "prompt_flagged"


async def test_an_image_that_moderation_cannot_see_is_refused_where_it_is_required(
    tmp_path: Path, upstream: FakeUpstream
) -> None:
    upstream.moderates_images = False
    accounts = accounts_at(upstream, moderation_model="m", moderation_required=True, images=True)
    async with chatting(tmp_path, upstream, accounts) as room:
        mia = await room.user("mia")
        with pytest.raises(Unavailable) as refused:
            await ask(mia, "What is this?", attachments=[CAKE])
        assert refused.value.code == "moderation_unavailable"
        assert "Leave the image out" in refused.value.message
        assert upstream.requests == []
        assert (await ask(mia, "What is this?")).reply


async def test_an_own_credential_is_no_way_around_it(room: Chatting) -> None:
    mia = await room.user("mia")
    token = (await mia.make_access_token(AccessTokenRequest(api_key="sk-own"))).access_token
    with pytest.raises(InvalidRequest) as refused:
        await ask(mia, "A bomb", access_token=token)
    assert refused.value.code == "prompt_flagged"
    assert room.upstream.moderated[-1].key == "sk-own"


@pytest.mark.parametrize("outage", OUTAGES, ids=repr)
async def test_an_outage_lets_prompts_pass(
    room: Chatting, outage: Refuse | Raw, caplog: pytest.LogCaptureFixture
) -> None:
    room.upstream.moderation_act = outage
    with caplog.at_level(logging.WARNING):
        assert (await ask(await room.user("mia"), "A secret cake")).reply
    assert "account main-free: no moderation" in caplog.text
    assert "secret cake" not in caplog.text


@pytest.mark.parametrize("outage", OUTAGES, ids=repr)
async def test_an_outage_refuses_prompts_where_moderation_is_required(
    tmp_path: Path, upstream: FakeUpstream, outage: Refuse | Raw
) -> None:
    upstream.moderation_act = outage
    accounts = accounts_at(upstream, moderation_model="m", moderation_required=True)
    async with chatting(tmp_path, upstream, accounts) as room:
        with pytest.raises(Unavailable) as refused:
            await ask(await room.user("mia"), "A cake")
        assert refused.value.code == "moderation_unavailable"
    assert upstream.requests == []


async def test_an_account_that_cannot_moderate_refuses_where_it_must(tmp_path: Path, upstream: FakeUpstream) -> None:
    accounts = accounts_at(upstream, kind="offline", moderation_model="m", moderation_required=True)
    async with chatting(tmp_path, upstream, accounts) as room:
        with pytest.raises(Unavailable) as refused:
            await ask(await room.user("mia"), "A cake")
        assert refused.value.code == "moderation_unavailable"
