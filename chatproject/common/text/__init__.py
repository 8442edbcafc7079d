"""What text is, by current Unicode data: the one place that decides about characters, for the server. The web client
follows the same rules in `clients/js/text.js`; `clients/vectors/text.json` holds both to them."""

from chatproject.common.text.emoji import emoji_of

__all__ = ["emoji_of"]
