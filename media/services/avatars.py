"""Avatars of people and conversations: one picture each, in a few sizes, in files named after its version."""

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
from common import isolation
from common.action_limits import limited
from common.errors import Refusal, invalid, not_found
from conversations.models import Conversation, Membership
from conversations.services import edit_conversation
from media import sandbox
from media.job import UnusableFile
from media.limits import AVATAR_SIZES, MAX_PIXELS, MEGABYTE


class Owner(NamedTuple):
    """A person or conversation with an avatar; `rows` is a query for its row, which locks it."""

    id: UUID
    rows: QuerySet[Any]


@limited("RATE_AVATARS")
def set_avatar(user: User, file: TemporaryUploadedFile) -> None:
    """Set somebody's avatar.

    Refuses `rate_limited`, `unsupported_media_type`, `too_large`, `invalid` (the field `file`) and, while too many
    pictures are being processed, `unavailable`.
    """

    def show(version: str) -> None:
        if not User.objects.lock(user).is_active:
            raise Refusal("token_invalid")
        services.change_avatar(user, url=f"/api/v1/users/{user.id}/avatar/?v={version}")

    _set(user.id, _person(user), file, show)


@limited("RATE_CHANGES")
def remove_avatar(user: User) -> None:
    """Remove somebody's avatar, if there is one."""
    with transaction.atomic():
        services.change_avatar(user, url="")
        _delete_old_files_later(_person(user))


@limited("RATE_AVATARS")
def set_conversation_avatar(actor: Membership, file: TemporaryUploadedFile) -> None:
    """Set the avatar of a conversation. Refuses `permission_denied`, and as `set_avatar` does."""

    def show(version: str) -> None:
        url = f"/api/v1/conversations/{actor.conversation_id}/avatar/?v={version}"
        edit_conversation(actor, changes={"avatar_url": url})

    _set(actor.user_id, _conversation(actor.conversation_id), file, show)


@limited("RATE_CHANGES")
def remove_conversation_avatar(actor: Membership) -> None:
    """Remove the avatar of a conversation, if there is one."""
    with transaction.atomic():
        edit_conversation(actor, changes={"avatar_url": ""})
        _delete_old_files_later(_conversation(actor.conversation_id))


def remove_avatars_of_deleted() -> None:
    """Delete the avatars of deleted conversations."""
    ended = Conversation.objects.filter(deleted_at__isnull=False).exclude(avatar_url="")
    isolation.for_each(ended.values_list("id", flat=True), _hide)


def _hide(conversation_id: UUID) -> None:
    Conversation.objects.filter(id=conversation_id).update(avatar_url="")
    _delete_old_files(_conversation(conversation_id))


def read_avatar(person_id: UUID, size: int) -> tuple[str, bytes]:
    """The version of somebody's avatar, and the WebP in one of `AVATAR_SIZES`. Refuses `not_found`."""
    return _picture(User.objects.active(), person_id, size)


def read_conversation_avatar(user: User, conversation_id: UUID, size: int) -> tuple[str, bytes]:
    """The same for a conversation that `user` is in or can find. Refuses `not_found`."""
    mine = Conversation.objects.visible_to(user).values("id")
    found = Conversation.objects.filter(Q(id__in=mine) | Q(id__in=Conversation.objects.discoverable().values("id")))
    return _picture(found, conversation_id, size)


def avatar_names(database: str = "default") -> Iterator[str]:
    """The names in the storage of all current avatars, according to this database."""
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
                _store(_name(owner.id, version, size), picture)
            show(version)
            _delete_old_files_later(owner)
    except BaseException:
        _delete_old_files(owner)
        raise


def _picture(rows: QuerySet[Any], id_: UUID, size: int) -> tuple[str, bytes]:
    for _ in range(2):  # the avatar may be replaced between reading the row and reading the file
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
    _delete_old_files_later(_person(user))


def _delete_old_files_later(owner: Owner) -> None:
    transaction.on_commit(partial(_delete_old_files, owner), robust=True)


def _delete_old_files(owner: Owner) -> None:
    """Delete all files of this owner except those of the current version. Files are written under the same lock, so no
    file of a later version is deleted."""
    with transaction.atomic():
        current = _version(owner.rows.get().avatar_url)
        for name in _names(owner.id):
            if not name.startswith(f"{current}-"):
                default_storage.delete(f"{_folder(owner.id)}/{name}")


def _store(name: str, picture: bytes) -> None:
    """Store a picture. A name belongs to one content, so a complete file stays: somebody may be reading it."""
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
    """The picture as WebP, in each size."""
    if not file.size:
        raise invalid("file", "The file is empty.")
    if file.size > settings.MAX_AVATAR_MB * MEGABYTE:
        raise Refusal("too_large", f"This picture is too large. It can have at most {settings.MAX_AVATAR_MB} MiB.")
    try:
        close_old_connections()  # so that others can use the connection while this waits
        path = Path(file.temporary_file_path())
        with sandbox.run("media.pictures:squares", path, owner=actor_id) as (folder, _):
            return {size: (folder / f"{size}.webp").read_bytes() for size in AVATAR_SIZES}
    except UnusableFile as unfit:
        raise _refusal(unfit) from None


def _refusal(unfit: UnusableFile) -> Refusal:
    match unfit.reason:
        case "unsupported":
            return Refusal("unsupported_media_type", "This picture format is not supported. Try a JPEG or a PNG.")
        case "too_large":
            return Refusal(
                "too_large", f"This picture is too large. It can have at most {MAX_PIXELS // 10**6} megapixels."
            )
    return invalid("file", "This picture is damaged and cannot be read.")
