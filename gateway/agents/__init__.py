"""Agents: programs that dial in to the gateway and lend it a model it could not reach by itself."""

from gateway.agents.connection import AgentConnection
from gateway.agents.registry import Agents

__all__ = ["AgentConnection", "Agents"]
