"""What a member reads where the gateway refuses or fails, by its error's code."""

from bot.languages import Dollars, Phrase, counted
from gateway.client import LimitReached
from gateway.errors import ApiError

IN_PLACE = {
    "gateway_unreachable": Phrase(
        "I can't reach the gateway right now. Try again in a minute; if it stays so, tell an admin."
    ),
    "unknown_conversation": Phrase("That conversation is gone. Start a new one with `/ask`."),
    "unknown_parent": Phrase("That conversation has changed meanwhile. Send your follow-up again."),
    "plus_required": Phrase("This conversation needs plus access, which you don't have. Start a free one with `/ask`."),
    "disabled": Phrase("An admin has switched your access off. Ask one to switch it on again."),
    "storage_busy": Phrase("The gateway is busy. Try again in a few seconds."),
    "storage_read_only": Phrase(
        "The gateway can't save anything right now. Tell an admin: its disk is full or read-only."
    ),
}
"""What a member can do, in place of the gateway's own words, which are made for programs' authors."""

TRANSLATED = {
    # The gateway itself
    "protocol_error": Phrase("What answers in the gateway's place is no gateway. Tell an admin."),
    "unavailable": Phrase("The gateway can't serve this right now. Try again in a minute."),
    "not_ready": Phrase("The gateway is starting. Try again in a minute."),
    "too_many_connections": Phrase("The gateway is busy. Try again in a few seconds."),
    "interrupted": Phrase("The gateway is restarting. What had arrived is kept: follow up in a minute."),
    "storage_unreachable": Phrase("The gateway can't reach its database right now. Try again in a minute."),
    # The member
    "limit_requests": Phrase("You have asked as often as your access lets you in a minute."),
    "limit_concurrent": Phrase(
        "As many of your prompts are being answered as your access lets you have at once. Wait until one is finished."
    ),
    "limit_tokens": Phrase("What is left of your tokens for today is not enough for this prompt and an answer."),
    "limit_cost": Phrase("What is left of your budget for this month is not enough for this prompt and an answer."),
    "rate_limited": Phrase("That was too much at once."),
    # The conversation
    "conversation_kind": Phrase(
        "That conversation was begun elsewhere, with an access token. Start a new one with `/ask`."
    ),
    "own_conversation": Phrase("This conversation is that member's own."),
    "not_shared": Phrase("This conversation is not shared with that member."),
    "nothing_to_copy": Phrase("Nothing was answered here yet, so there is nothing to fork."),
    "account_unavailable": Phrase(
        "What answered in this conversation is not there any more. Start a new one with `/ask`."
    ),
    # The prompt
    "empty_prompt": Phrase("There is no question in that. Write what you want to know, then send it again."),
    "prompt_too_long": Phrase("The prompt is too long for the model. Shorten it, then send it again."),
    "context_too_long": Phrase(
        "The conversation is too long for the model. Shorten the prompt, or start a new one with `/ask`."
    ),
    "too_large": Phrase("That is too large. Shorten the prompt or send less along."),
    "prompt_flagged": Phrase("Moderation flagged the prompt, so it was not sent. Say it differently."),
    "moderation_unavailable": Phrase(
        "The prompt could not be checked by moderation, so it was not sent. Try again in a minute."
    ),
    "too_many_attachments": Phrase("That is more attachments than one prompt can have. Send fewer."),
    "attachment_too_large": Phrase("An attachment is too large. Send a smaller one."),
    "attachment_type": Phrase("An attachment is of a type that I don't take. Send text files or images."),
    "attachment_encoding": Phrase(
        "An attachment can't be read. Save it as UTF-8 where it is text, then send it again."
    ),
    "images_not_taken": Phrase("The model takes no images. Leave them out, or ask another tier's model."),
    # The providers
    "no_account": Phrase("There is nothing that could answer you yet: an admin must set up an account. Tell one."),
    "price_unknown": Phrase(
        "Your access has a budget, and what this model costs is not known. Tell an admin: its account needs prices."
    ),
    "accounts_busy": Phrase("All models are busy. Try again in a moment."),
    "accounts_resting": Phrase("No model can answer right now."),
    "upstream_error": Phrase("The model's provider failed. Nothing was lost: ask again in a moment."),
    "upstream_timeout": Phrase("The model's provider did not answer in time. Ask again in a moment."),
    "upstream_unreachable": Phrase(
        "The model's provider cannot be reached. Ask again in a moment; if it stays so, tell an admin."
    ),
    "upstream_broken_stream": Phrase(
        "The model's provider broke off the answer. What had arrived is kept: follow up, or ask again."
    ),
    "upstream_empty_answer": Phrase("The model gave an empty answer. Ask again, or say it differently."),
    "upstream_content_filter": Phrase(
        "The model's provider declined the prompt under its rules for content. Say it differently."
    ),
    "upstream_rejected": Phrase(
        "The model's provider rejected the prompt. Try another; if it rejects every one, tell an admin."
    ),
    "upstream_rate_limited": Phrase("The model's provider takes no more prompts for now."),
    "upstream_quota": Phrase("The budget at the model's provider is used up. Tell an admin, who must raise it there."),
    "upstream_authentication": Phrase("The model's provider refuses our key. Tell an admin."),
    "upstream_model": Phrase("The model's provider does not have the model. Tell an admin."),
    "upstream_protocol": Phrase(
        "What answers in the model's provider's place does not speak its protocol. Tell an admin."
    ),
}
"""For whoever does not read English, in which the gateway's own sentence is shown: it has names and numbers."""


def translated(error: ApiError) -> Phrase:
    """What is said in place of the gateway's own words, with the figures of a limit where it tells them."""
    if isinstance(error, LimitReached) and (phrase := _used_up(error)) is not None:
        return phrase
    unknown = Phrase("The gateway refused that, with the code `{code}`. Tell an admin.", code=error.code)
    return TRANSLATED.get(error.code, unknown)


def _used_up(error: LimitReached) -> Phrase | None:
    most, left = int(error.limit), error.left
    match error.code:
        case "limit_requests":
            return counted(
                "Your access lets you ask {count} prompt a minute, and you have.",
                "Your access lets you ask {count} prompts a minute, and you have.",
                most,
            )
        case "limit_concurrent":
            return counted(
                "Your access lets {count} of your prompts be answered at a time. Wait until it is finished.",
                "Your access lets {count} of your prompts be answered at a time. Wait until one is finished.",
                most,
            )
        case "limit_tokens":
            return Phrase(
                "{left} of your {limit} tokens are left for today: not enough for this prompt and an answer.",
                left=int(left),
                limit=most,
            )
        case "limit_cost":
            return Phrase(
                "{left} of your {limit} are left for this month: not enough for this prompt and an answer.",
                left=Dollars(left),
                limit=Dollars(error.limit),
            )
        case _:
            return None
