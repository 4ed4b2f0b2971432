"""Tidings: a self-hosted customer event and engagement hub."""

__version__ = "0.1.0"
