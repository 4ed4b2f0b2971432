"""The hot path: from a dialect's route to the durable log and back."""

from tidings.edge.asgi import Edge, Receive, Scope, Send
from tidings.edge.express import express

__all__ = ["Edge", "Receive", "Scope", "Send", "express"]
