"""Measure a service: how good it is, why it misses its targets, how many people it needs, what to do."""

__all__ = ["__version__"]

__version__ = "0.1.0"
