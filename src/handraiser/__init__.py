"""Handraiser turns strangers into customers. Start reading at config/wiring.py and core/journal."""

__version__ = "0.1.0"
