"""Encrypted copies of the whole installation, made while people chat and verified by restoring them
(docs/operations.md)."""

QUEUE = "backups"
"""The queue of their tasks."""
