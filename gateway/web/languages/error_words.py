"""What a person reads where the gateway refuses or fails, by its error's code.

For whoever does not read English, in which the gateway's own sentence is shown: that one has names and numbers.
"""


def N_(sentence: str) -> str:  # noqa: N802 - gettext's own name for a sentence that is translated later
    """The sentence as it is, marked for the catalogue."""
    return sentence


FOR_PROGRAMS = {"unknown_conversation", "unknown_parent", "unknown_route", "user_exists"}
"""Codes of which the gateway's own sentence speaks to whoever writes a program."""

ERROR_WORDS = {
    # The gateway itself
    "internal_error": N_("The gateway failed. Tell an admin what you did, and when."),
    "unavailable": N_("The gateway can't serve this right now. Try again in a minute."),
    "not_ready": N_("The gateway is starting. Try again in a minute."),
    "too_many_connections": N_("The gateway is busy. Try again in a few seconds."),
    "interrupted": N_("The gateway is restarting. What had arrived is kept: follow up in a minute."),
    "storage_unreachable": N_("The gateway can't reach its database right now. Try again in a minute."),
    "storage_busy": N_("The gateway is busy. Try again in a few seconds."),
    "storage_read_only": N_("The gateway can't save anything right now. Tell an admin: its disk is full or read-only."),
    # The page
    "invalid_request": N_("Something in that does not fit. Check what you wrote, then send it again."),
    "unknown_route": N_("There is no such page."),
    "not_found": N_("There is no such thing, or none that your key may see."),
    "method_not_allowed": N_("This page is not asked for in that way. Go back and try again."),
    "cross_site": N_("This page is from before you last signed in. Load it again, then repeat what you did."),
    # The key
    "invalid_key": N_("This key does not work: it was mistyped, or it has expired or was revoked."),
    "missing_key": N_("Give a key."),
    "expired_key": N_("This key has expired. Ask for a new one."),
    "no_session": N_("Sign in first."),
    "forbidden": N_("Your key may not do this."),
    "disabled": N_("An admin has switched your access off. Ask one to switch it on again."),
    "key_expired": N_("The lease has run out, a new key would not work. Extend it first."),
    "own_key": N_("This would lock you out. Ask another admin, or use the command line."),
    "too_many_attempts": N_("Too many tries to sign in. Wait a minute, then try again."),
    "plus_required": N_("That needs plus access, which you don't have. Choose free."),
    "limit_requests": N_("You have asked as often as your access lets you in a minute."),
    "limit_concurrent": N_(
        "As many of your prompts are being answered as your access lets you have at once. Wait until one is finished."
    ),
    "limit_tokens": N_("What is left of your tokens for today is not enough for this prompt and an answer."),
    "limit_cost": N_("What is left of your budget for this month is not enough for this prompt and an answer."),
    "rate_limited": N_("That was too much at once."),
    # Users and clients
    "user_exists": N_("That id is taken. Choose another one, or change the user who has it."),
    "unknown_user": N_("There is no such user."),
    "unknown_client": N_("There is no client of that name."),
    "idempotency_replayed": N_("This form has made a key already, which is not shown again. Load the page anew."),
    # Access tokens
    "password_refused": N_(
        "No e-mail and no password is taken: a password opens your whole account, and providers forbid handing it on. "
        "Make a key at your provider, which you can limit and revoke, and give that."
    ),
    "credential_refused": N_("The provider refuses this key. Check that it is whole, and still good."),
    # The conversation
    "unknown_conversation": N_("There is no such conversation, or it is not yours to see."),
    "unknown_parent": N_("That conversation has changed meanwhile. Send your follow-up again."),
    "conversation_kind": N_(
        "That conversation goes on the way it began: with an access token, or without. Change that, or begin a new one."
    ),
    "account_unavailable": N_("What answered in this conversation is not there any more. Begin a new one."),
    # The prompt
    "empty_prompt": N_("There is no question in that. Write what you want to know, then send it again."),
    "prompt_too_long": N_("The prompt is too long for the model. Shorten it, then send it again."),
    "context_too_long": N_("The conversation is too long for the model. Shorten the prompt, or begin a new one."),
    "too_large": N_("That is too large. Shorten the prompt or send less along."),
    "prompt_flagged": N_("Moderation flagged the prompt, so it was not sent. Say it differently."),
    "moderation_unavailable": N_(
        "The prompt could not be checked by moderation, so it was not sent. Try again in a minute."
    ),
    "too_many_attachments": N_("That is more attachments than one prompt can have. Send fewer."),
    "attachment_too_large": N_("An attachment is too large. Send a smaller one."),
    "attachment_type": N_("An attachment is of a type that is not taken. Send text files or images."),
    "attachment_encoding": N_("An attachment can't be read. Save it as UTF-8 where it is text, then send it again."),
    "images_not_taken": N_("The model takes no images. Leave them out, or ask another tier's model."),
    # The providers
    "no_account": N_("There is nothing that could answer you yet: an admin must set up an account. Tell one."),
    "price_unknown": N_(
        "Your access has a budget, and what this model costs is not known. Tell an admin: its account needs prices."
    ),
    "accounts_busy": N_("All models are busy. Try again in a moment."),
    "accounts_resting": N_("No model can answer right now."),
    "upstream_error": N_("The model's provider failed. Nothing was lost: ask again in a moment."),
    "upstream_timeout": N_("The model's provider did not answer in time. Ask again in a moment."),
    "upstream_unreachable": N_(
        "The model's provider cannot be reached. Ask again in a moment; if it stays so, tell an admin."
    ),
    "upstream_broken_stream": N_(
        "The model's provider broke off the answer. What had arrived is kept: follow up, or ask again."
    ),
    "upstream_empty_answer": N_("The model gave an empty answer. Ask again, or say it differently."),
    "upstream_content_filter": N_(
        "The model's provider declined the prompt under its rules for content. Say it differently."
    ),
    "upstream_rejected": N_(
        "The model's provider rejected the prompt. Try another; if it rejects every one, tell an admin."
    ),
    "upstream_rate_limited": N_("The model's provider takes no more prompts for now."),
    "upstream_quota": N_("The budget at the model's provider is used up. Tell an admin, who must raise it there."),
    "upstream_authentication": N_("The model's provider refuses our key. Tell an admin."),
    "upstream_model": N_("The model's provider does not have the model. Tell an admin."),
    "upstream_protocol": N_("What answers in the model's provider's place does not speak its protocol. Tell an admin."),
}
