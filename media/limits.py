"""Limits that apply inside and outside of the sandbox. This module imports nothing."""

MEGABYTE = 1024 * 1024
MAX_PIXELS = 40_000_000
AVATAR_SIZES = (512, 256, 64)
"""Pixels along a side, the largest first: the others are made from it, and its digest names the version."""
THUMBNAIL_SIZES = {"small": 320, "large": 1280}
"""Pixels along the longest side."""
PLACEHOLDER_SIZE = 16
MAX_PIXELS_BY_FORMAT = {
    "PNG": MAX_PIXELS,
    "GIF": MAX_PIXELS,
    "WEBP": 16_000_000,
    "JPEG": 100_000_000,
    "HEIF": 50_000_000,
    "AVIF": 50_000_000,
    "JPEG2000": 12_000_000,
}
"""Pixels of one frame, by format. A WebP is decoded onto two canvases, a JPEG 2000 takes twelve bytes per pixel."""
MAX_PIXELS_OF_OTHERS = 25_000_000
"""Pixels of one frame in any other format."""
HALVED_PIXELS = 25_000_000
"""A larger JPEG is decoded at half its width and height, which takes a quarter of the memory."""
MAX_SCANS = 200
"""Scans of a progressive JPEG; ten are usual."""
MAX_FRAMES = 2_000
MAX_ANIMATION_PIXELS = {"GIF": 50_000_000, "PNG": 25_000_000, "WEBP": 30_000_000, "AVIF": 30_000_000}
"""Pixels of all frames together, by format. The frames of a GIF keep their palettes, others take four bytes per
pixel."""
MAX_FRAME_PIXELS = 4096 * 2304
"""Pixels of one frame of a video; a larger one gets no poster."""
WAVEFORM_PEAKS = 64
WAVEFORM_SECONDS = 15 * 60
"""Longer recordings get no waveform."""
MAX_INCOMING = 16
"""Files that one person may upload at the same time."""
MIN_BYTES_PER_SECOND = 16 * 1024
"""The slowest average speed of an upload."""


def seconds_to_receive(size: int) -> float:
    """How long an upload of this size may take."""
    return 60 + size / MIN_BYTES_PER_SECOND
