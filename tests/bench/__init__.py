"""Measured, never asserted on a shared machine except as ratios within one run: ``python -m tests.bench``."""
