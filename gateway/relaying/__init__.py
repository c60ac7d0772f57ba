"""Requests in OpenAI's own form on their way to a provider, and its answers back, as they are."""

from gateway.relaying.asked import Asked, chat, embeddings, responses
from gateway.relaying.models import Models
from gateway.relaying.relaying import Caller, HungUp, Relaying

__all__ = ["Asked", "Caller", "HungUp", "Models", "Relaying", "chat", "embeddings", "responses"]
