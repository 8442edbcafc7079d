"""Numbers of files, which hold on both sides of the sandbox. Nothing is imported here."""

MEGABYTE = 1024 * 1024
MAX_PIXELS = 40_000_000
AVATAR_SIZES = (512, 256, 64)
"""Pixels along a side, the largest first: the others are made of it, and it gives the version its name."""
THUMBNAIL_SIZES = {"small": 320, "large": 1280}
"""Pixels along the longest side."""
PLACEHOLDER_SIZE = 16
MOST_PIXELS = {
    "PNG": MAX_PIXELS,
    "GIF": MAX_PIXELS,
    "WEBP": 16_000_000,
    "JPEG": 100_000_000,
    "HEIF": 50_000_000,
    "AVIF": 50_000_000,
    "JPEG2000": 12_000_000,
}
"""Of one frame. A WebP is decoded onto two canvases before one has it, a JPEG 2000 into twelve bytes for a pixel."""
OTHER_PIXELS = 25_000_000
"""Of one frame in any other format."""
HALVED_PIXELS = 25_000_000
"""A JPEG beyond this is decoded at half its width and height, which costs a quarter of the memory."""
MAX_SCANS = 200
"""Of a JPEG that appears step by step; ten are usual."""
MAX_FRAMES = 2_000
MOVING_PIXELS = {"GIF": 50_000_000, "PNG": 25_000_000, "WEBP": 30_000_000, "AVIF": 30_000_000}
"""Of all frames together. The frames of a GIF stay palettes, those of the others take four bytes for a pixel."""
MAX_FRAME_PIXELS = 4096 * 2304
"""Of one frame of a film: what is larger gets no poster."""
WAVEFORM_PEAKS = 64
WAVEFORM_SECONDS = 15 * 60
"""Sounds that take longer get no waveform."""
ARRIVALS_AT_ONCE = 16
"""Files of one person that are on their way in."""
SLOWEST_ARRIVAL = 16 * 1024
"""Bytes a second that a file brings at least, on average."""


def seconds_for(size: int) -> float:
    """How long a file of so many bytes may take to arrive."""
    return 60 + size / SLOWEST_ARRIVAL
