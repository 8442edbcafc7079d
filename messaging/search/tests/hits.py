"""What somebody finds, and a group in which it was said."""

from urllib.parse import urlencode


def find(who, q: str, **narrowed) -> list[dict]:
    """All that somebody finds, page by page."""
    found, url = [], f"messages/search/?{urlencode({'q': q, **narrowed})}"
    while url:
        page = who.get(url)
        found += page["results"]
        url = page["next"] and page["next"].split("/api/v1/")[1]
    return found


def contents(who, q: str, **narrowed) -> list[str]:
    return [hit["message"]["content"] for hit in find(who, q, **narrowed)]


def group_saying(who, *texts: str) -> str:
    group = who.group()
    for text in texts:
        who.write(group, text)
    return group
