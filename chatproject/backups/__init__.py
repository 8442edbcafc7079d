"""Copies of everything, sealed, taken while people chat, and proved by restoring them (docs/operations.md)."""
