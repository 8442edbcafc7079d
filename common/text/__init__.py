"""All rules about characters, by current Unicode data: this is the only place on the server that has them. The web
client has the same rules in `clients/js/text.js`; both are tested against `clients/vectors/text.json`."""

from common.text.emoji import emoji_of
from common.text.fields import LINE, LINES, clean_fields
from common.text.lines import clean_line, clean_text, is_blank, visible_text
from common.text.mentions import Mention, MentionCandidate, mention_candidates_in, mentions_in
from common.text.names import is_name, name_key, skeleton
from common.text.search_terms import TERM_SIZE, locate_search_terms, name_search_terms, search_terms

__all__ = [
    "LINE",
    "LINES",
    "TERM_SIZE",
    "Mention",
    "MentionCandidate",
    "clean_fields",
    "clean_line",
    "clean_text",
    "emoji_of",
    "is_blank",
    "is_name",
    "locate_search_terms",
    "mention_candidates_in",
    "mentions_in",
    "name_key",
    "name_search_terms",
    "search_terms",
    "skeleton",
    "visible_text",
]
