"""A picture with a colour in each corner, and how pictures look afterwards."""

import io

from PIL import Image

CORNERS = [(220, 20, 20), (20, 220, 20), (20, 20, 220), (220, 220, 20)]


def opened(content):
    return Image.open(io.BytesIO(content))


def corners(image):
    width, height = image.size
    image = image.convert("RGB")
    places = [(2, 2), (width - 3, 2), (width - 3, height - 3), (2, height - 3)]
    return [image.getpixel(place) for place in places]


def four_corners(size=(400, 200)):
    image = Image.new("RGB", size)
    middle, below = size[0] // 2, size[1] // 2
    for colour, place in zip(CORNERS, [(0, 0), (middle, 0), (middle, below), (0, below)], strict=True):
        image.paste(colour, (*place, place[0] + middle, place[1] + below))
    return image
