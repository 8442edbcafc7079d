"""The search index of people's names."""

from collections.abc import Iterable

from accounts import hooks
from accounts.models import NameWord, User
from common.text import name_search_terms


@hooks.person_verified.register
@hooks.person_changed.register
def reindex_name(user: User) -> None:
    """Index somebody's current names; an erased person is removed from the index."""
    NameWord.objects.filter(user=user).delete()
    if not user.erased_at:
        index_names([user])


def index_names(users: Iterable[User]) -> None:
    """Add people to the index who are not in it yet."""
    rows = [
        NameWord(user_id=user.id, word=term)
        for user in users
        for term in name_search_terms(user.username, user.full_name)
    ]
    NameWord.objects.bulk_create(rows, batch_size=1000, ignore_conflicts=True)
