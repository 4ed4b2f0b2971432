"""The only consumer of the log: batches of events become profiles, in one transaction each."""

from tidings.pipeline.runner import Pipeline

__all__ = ["Pipeline"]
