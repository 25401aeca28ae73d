"""Indicators with intervals; values against target, history and benchmark; control charts."""
