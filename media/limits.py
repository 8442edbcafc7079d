"""Numbers that hold on both sides of the sandbox. Nothing is imported here."""

MEGABYTE = 1024 * 1024
MAX_PIXELS = 40_000_000
AVATAR_SIZES = (512, 256, 64)
"""Pixels along a side, the largest first: the others are made of it, and it gives the version its name."""
