"""Pictures of people and conversations: each has one, in a few sizes, in files that are named after its version."""

from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import close_old_connections, transaction
from django.db.models import Q, QuerySet

from accounts import hooks, services
from accounts.models import User
from chatproject.common import apart
from chatproject.common.errors import Refusal, invalid, not_found
from chatproject.common.limited import limited
from conversations.models import Conversation, Membership
from conversations.services import edit_conversation
from media import sandbox
from media.job import Unfit
from media.limits import AVATAR_SIZES, MAX_PIXELS, MEGABYTE


class Owner(NamedTuple):
    """Who has a picture, a person or a conversation: the one row, which locks when it is read."""

    id: UUID
    rows: QuerySet[Any]


@limited("RATE_AVATARS")
def set_avatar(user: User, file: TemporaryUploadedFile) -> None:
    """Show this picture of them from now on.

    Refuses `rate_limited`, `unsupported_media_type`, `too_large`, `invalid` (the field `file`) and, while too many
    others are at it, `unavailable`.
    """

    def show(version: str) -> None:
        if not User.objects.lock(user).is_active:
            raise Refusal("token_invalid")
        services.change_avatar(user, url=f"/api/v1/users/{user.id}/avatar/?v={version}")

    _set(user.id, _person(user), file, show)


@limited("RATE_CHANGES")
def remove_avatar(user: User) -> None:
    """Show no picture of them any more. Fine when there is none."""
    with transaction.atomic():
        services.change_avatar(user, url="")
        _tidy_later(_person(user))


@limited("RATE_AVATARS")
def set_conversation_avatar(actor: Membership, file: TemporaryUploadedFile) -> None:
    """Show this picture of their conversation from now on. Refuses `permission_denied`, and as `set_avatar` does."""

    def show(version: str) -> None:
        url = f"/api/v1/conversations/{actor.conversation_id}/avatar/?v={version}"
        edit_conversation(actor, changes={"avatar_url": url})

    _set(actor.user_id, _conversation(actor.conversation_id), file, show)


@limited("RATE_CHANGES")
def remove_conversation_avatar(actor: Membership) -> None:
    """Show no picture of their conversation any more. Fine when there is none."""
    with transaction.atomic():
        edit_conversation(actor, changes={"avatar_url": ""})
        _tidy_later(_conversation(actor.conversation_id))


def forget_ended() -> None:
    """Delete the pictures of conversations that have ended."""
    ended = Conversation.objects.filter(deleted_at__isnull=False).exclude(avatar_url="")
    apart.each(ended.values_list("id", flat=True), _hide)


def _hide(conversation_id: UUID) -> None:
    Conversation.objects.filter(id=conversation_id).update(avatar_url="")
    _tidy(_conversation(conversation_id))


def picture_of(person_id: UUID, size: int) -> tuple[str, bytes]:
    """The version of somebody's picture, and the WebP in one of `AVATAR_SIZES`. Refuses `not_found`."""
    return _picture(User.objects.active(), person_id, size)


def picture_of_conversation(user: User, conversation_id: UUID, size: int) -> tuple[str, bytes]:
    """The same of a conversation that `user` is in or could find. Refuses `not_found`."""
    mine = Conversation.objects.visible_to(user).values("id")
    seen = Conversation.objects.filter(Q(id__in=mine) | Q(id__in=Conversation.objects.discoverable().values("id")))
    return _picture(seen, conversation_id, size)


def avatar_names(database: str = "default") -> Iterator[str]:
    """The names in the storage of all pictures that are shown, as this database knows them."""
    for model in (User, Conversation):
        shown = model._base_manager.using(database).exclude(avatar_url="").order_by("pk")
        for owner_id, url in shown.values_list("pk", "avatar_url").iterator():
            if version := _version(url):
                yield from (_name(owner_id, version, size) for size in AVATAR_SIZES)


def _person(user: User) -> Owner:
    return Owner(user.id, User.objects.filter(id=user.id).select_for_update(no_key=True))


def _conversation(conversation_id: UUID) -> Owner:
    return Owner(conversation_id, Conversation.objects.locked(conversation_id))


def _set(actor_id: UUID, owner: Owner, file: TemporaryUploadedFile, show: Callable[[str], None]) -> None:
    pictures = _pictures(actor_id, file)
    version = sha256(pictures[AVATAR_SIZES[0]]).hexdigest()[:16]
    try:
        with transaction.atomic():
            owner.rows.get()
            for size, picture in pictures.items():
                _keep(_name(owner.id, version, size), picture)
            show(version)
            _tidy_later(owner)
    except BaseException:
        _tidy(owner)
        raise


def _picture(rows: QuerySet[Any], id_: UUID, size: int) -> tuple[str, bytes]:
    for _ in range(2):  # another picture may take this one's place between the look at the row and at the file
        version = _version(rows.filter(id=id_).values_list("avatar_url", flat=True).first() or "")
        if not version:
            break
        try:
            with default_storage.open(_name(id_, version, size)) as file:
                return version, file.read()
        except FileNotFoundError:
            continue
    raise not_found()


@hooks.person_erased.register
def _forget(user: User) -> None:
    _tidy_later(_person(user))


def _tidy_later(owner: Owner) -> None:
    transaction.on_commit(partial(_tidy, owner), robust=True)


def _tidy(owner: Owner) -> None:
    """Delete every file of theirs but the current version's. Under the lock under which they are written: what is
    not current is nobody's."""
    with transaction.atomic():
        current = _version(owner.rows.get().avatar_url)
        for name in _names(owner.id):
            if not name.startswith(f"{current}-"):
                default_storage.delete(f"{_folder(owner.id)}/{name}")


def _keep(name: str, picture: bytes) -> None:
    """A name stands for a content: what is whole already stays, somebody may be reading it."""
    if default_storage.exists(name):
        if default_storage.size(name) == len(picture):
            return
        default_storage.delete(name)
    default_storage.save(name, ContentFile(picture))


def _names(owner_id: UUID) -> list[str]:
    try:
        return default_storage.listdir(_folder(owner_id))[1]
    except FileNotFoundError:
        return []


def _folder(owner_id: UUID) -> str:
    return f"avatars/{owner_id.hex}"


def _name(owner_id: UUID, version: str, size: int) -> str:
    return f"{_folder(owner_id)}/{version}-{size}.webp"


def _version(url: str) -> str:
    return url.partition("?v=")[2]


def _pictures(actor_id: UUID, file: TemporaryUploadedFile) -> dict[int, bytes]:
    """The picture as WebP, by size."""
    if not file.size:
        raise invalid("file", "The file is empty.")
    if file.size > settings.MAX_AVATAR_MB * MEGABYTE:
        raise Refusal("too_large", f"A picture of a person has at most {settings.MAX_AVATAR_MB} MiB.")
    try:
        close_old_connections()  # others need the connection while this waits for its turn
        path = Path(file.temporary_file_path())
        with sandbox.run("media.pictures:squares", path, whose=actor_id) as (folder, _):
            return {size: (folder / f"{size}.webp").read_bytes() for size in AVATAR_SIZES}
    except Unfit as unfit:
        raise _refusal(unfit) from None


def _refusal(unfit: Unfit) -> Refusal:
    match unfit.reason:
        case "unsupported":
            return Refusal("unsupported_media_type", "This is no picture that can be shown: try a JPEG or a PNG.")
        case "too_large":
            return Refusal("too_large", f"A picture has at most {MAX_PIXELS // 10**6} megapixels.")
    return invalid("file", "This picture cannot be read.")
