"""Pictures of people: a person has one, in a few sizes, each in a file that is named after its version."""

from functools import partial
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import transaction

from accounts import hooks, services
from accounts.models import User
from chatproject.common.errors import Refusal, invalid, not_found
from media import sandbox
from media.job import Unfit
from media.limits import AVATAR_SIZES, MAX_PIXELS, MEGABYTE


def set_avatar(user: User, file: TemporaryUploadedFile) -> None:
    """Show this picture of them from now on.

    Refuses `unsupported_media_type`, `too_large`, `invalid` (the field `file`) and, while too many others are at it,
    `unavailable`.
    """
    pictures = _pictures(file)
    version = sha256(pictures[AVATAR_SIZES[0]]).hexdigest()[:16]
    try:
        with transaction.atomic():
            if not User.objects.lock(user).is_active:
                raise Refusal("token_invalid")
            for size, picture in pictures.items():
                _keep(_name(user.id, version, size), picture)
            services.change_avatar(user, url=f"/api/v1/users/{user.id}/avatar/?v={version}")
            _tidy_later(user)
    except BaseException:
        _tidy(user)
        raise


def remove_avatar(user: User) -> None:
    """Show no picture of them any more. Fine when there is none."""
    with transaction.atomic():
        services.change_avatar(user, url="")
        _tidy_later(user)


def picture_of(person_id: UUID, size: int) -> tuple[str, bytes]:
    """The version of somebody's picture, and the WebP in one of `AVATAR_SIZES`. Refuses `not_found`."""
    for _ in range(2):  # another picture may take this one's place between the look at the row and at the file
        urls = User.objects.active().filter(id=person_id).values_list("avatar_url", flat=True)
        version = _version(urls.first() or "")
        if not version:
            break
        try:
            with default_storage.open(_name(person_id, version, size)) as file:
                return version, file.read()
        except FileNotFoundError:
            continue
    raise not_found()


@hooks.person_erased.register
def _tidy_later(user: User) -> None:
    transaction.on_commit(partial(_tidy, user), robust=True)


def _tidy(user: User) -> None:
    """Delete every file of theirs but the current version's. Under the lock under which they are written: what is
    not current is nobody's."""
    with transaction.atomic():
        current = _version(User.objects.lock(user).avatar_url)
        for name in _names(user.id):
            if not name.startswith(f"{current}-"):
                default_storage.delete(f"{_folder(user.id)}/{name}")


def _keep(name: str, picture: bytes) -> None:
    """A name stands for a content: what is whole already stays, somebody may be reading it."""
    if default_storage.exists(name):
        if default_storage.size(name) == len(picture):
            return
        default_storage.delete(name)
    default_storage.save(name, ContentFile(picture))


def _names(person_id: UUID) -> list[str]:
    try:
        return default_storage.listdir(_folder(person_id))[1]
    except FileNotFoundError:
        return []


def _folder(person_id: UUID) -> str:
    return f"avatars/{person_id.hex}"


def _name(person_id: UUID, version: str, size: int) -> str:
    return f"{_folder(person_id)}/{version}-{size}.webp"


def _version(url: str) -> str:
    return url.partition("?v=")[2]


def _pictures(file: TemporaryUploadedFile) -> dict[int, bytes]:
    """The picture as WebP, by size."""
    if not file.size:
        raise invalid("file", "The file is empty.")
    if file.size > settings.MAX_AVATAR_MB * MEGABYTE:
        raise Refusal("too_large", f"A picture of a person has at most {settings.MAX_AVATAR_MB} MiB.")
    try:
        with sandbox.run("media.pictures:squares", Path(file.temporary_file_path())) as (folder, _):
            return {size: (folder / f"{size}.webp").read_bytes() for size in AVATAR_SIZES}
    except Unfit as unfit:
        raise _refusal(unfit) from None


def _refusal(unfit: Unfit) -> Refusal:
    match unfit.reason:
        case "unsupported":
            return Refusal("unsupported_media_type", "A picture is a PNG, a JPEG, a GIF or a WebP.")
        case "too_large":
            return Refusal("too_large", f"A picture has at most {MAX_PIXELS // 10**6} megapixels.")
    return invalid("file", "This picture cannot be read.")
