"""By which words people are found."""

from collections.abc import Iterable

from accounts import hooks
from accounts.models import NameWord, User
from chatproject.common.text import name_words


@hooks.person_verified.register
@hooks.person_changed.register
def keep_name_words(user: User) -> None:
    """Have somebody found by the words of their names of now; somebody erased by none."""
    NameWord.objects.filter(user=user).delete()
    if not user.erased_at:
        add_name_words([user])


def add_name_words(users: Iterable[User]) -> None:
    """Have people found by the words of their names, who were not found before."""
    words = [
        NameWord(user_id=user.id, word=word) for user in users for word in name_words(user.username, user.full_name)
    ]
    NameWord.objects.bulk_create(words, batch_size=1000, ignore_conflicts=True)
