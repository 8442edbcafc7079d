"""People, sessions and tokens as they go over the wire."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from accounts.models import User
from accounts.names import check_email, check_username
from accounts.services.passwords import check_password_strength
from common.clock import rfc3339
from common.text import LINE, LINES
from common.wire import Body, Check, Moment

Email = Annotated[str, Meta(min_length=3, max_length=254), Check(check_email)]
Username = Annotated[
    str, Meta(max_length=100, description="3 to 32 letters, digits, `_`, `.` and `-`."), Check(check_username)
]
Password = Annotated[str, Meta(min_length=1, max_length=1024)]
NewPassword = Annotated[str, Meta(min_length=1, max_length=1024), Check(check_password_strength)]
Code = Annotated[str, Meta(max_length=32, description="The six digits from the mail. Spaces between them are fine.")]
RegistrationId = Annotated[
    UUID,
    Meta(description="The ID from the response of `register/`. Without it, any registration for the address matches."),
]
FullName = Annotated[str, Meta(max_length=100, extra=LINE)]
Bio = Annotated[str, Meta(max_length=500, extra=LINES)]
DeviceName = Annotated[str, Meta(max_length=100, description="Shown in the list of sessions.", extra=LINE)]
Token = Annotated[str, Meta(max_length=1024)]
PresenceFor = Literal["everyone", "contacts", "nobody"]
AddedBy = Annotated[
    Literal["everyone", "contacts", "nobody"],
    Meta(
        description="Who may add you to groups directly; everybody else can only invite you. `contacts` are people in "
        "whose direct conversations or small groups you have written."
    ),
]


# --- Bodies -----------------------------------------------------------------------------------------------------
class Register(Body):
    """A new account. `device_name` and `cookie` are used only if verification is switched off."""

    email: Email
    username: Username
    password: NewPassword
    full_name: FullName = ""
    device_name: DeviceName = ""
    cookie: bool = False


class Verify(Body):
    """The code that was sent to a new account's address. `cookie`: store the refresh token in an HttpOnly cookie."""

    email: Email
    code: Code
    registration: RegistrationId | None = None
    device_name: DeviceName = ""
    cookie: bool = False


class OtpResend(Body):
    """Request the code again: the same code while it is valid, else a new one. Everybody waiting for one at this
    address gets theirs, or only the given registration."""

    email: Email
    registration: RegistrationId | None = None
    purpose: Literal["verify_email", "change_email", "reset_password"] = "verify_email"


class Login(Body):
    """`login` is an e-mail address or a username. `cookie`: store the refresh token in an HttpOnly cookie."""

    login: Annotated[str, Meta(min_length=1, max_length=254)]
    password: Password
    device_name: DeviceName = ""
    cookie: bool = False


class Refresh(Body):
    """The refresh token. Without it, the cookie is used."""

    refresh: Token | None = None


class PasswordChange(Body):
    """The current and the new password."""

    current_password: Password
    new_password: NewPassword


class PasswordReset(Body):
    """Request a code for setting a new password."""

    email: Email


class PasswordResetConfirm(Body):
    """The code from the mail and the new password."""

    email: Email
    code: Code
    new_password: NewPassword


class EmailChange(Body):
    """Request a code at the new address."""

    password: Password
    new_email: Email


class EmailChangeConfirm(Body):
    """The code that was sent to the new address."""

    code: Code


class Deletion(Body):
    """The password, so that nobody can delete the account from a device left open."""

    password: Password


class SettingsChange(Body):
    """The fields to change; absent fields stay as they are."""

    read_receipts: bool | UnsetType = UNSET
    typing: bool | UnsetType = UNSET
    presence: PresenceFor | UnsetType = UNSET
    who_can_add_me: AddedBy | UnsetType = UNSET


class ProfileChange(Body):
    """The fields to change; absent fields stay as they are."""

    username: Username | UnsetType = UNSET
    full_name: FullName | UnsetType = UNSET
    bio: Bio | UnsetType = UNSET
    settings: SettingsChange | UnsetType = UNSET


class Settings(msgspec.Struct):
    """What others can see: read marks, typing, and who sees whether you are online. Without `read_receipts`, others see
    neither what you have read nor what has been delivered to you; you still see what others have read."""

    read_receipts: bool = True
    typing: bool = True
    presence: PresenceFor = "contacts"
    who_can_add_me: AddedBy = "everyone"


class NewSettings(Settings, forbid_unknown_fields=True):
    """All settings; absent ones are reset to their defaults."""


class NewProfile(Body):
    """The whole profile: absent fields are reset to their defaults, except the username."""

    username: Username | UnsetType = UNSET
    full_name: FullName = ""
    bio: Bio = ""
    settings: NewSettings = msgspec.field(default_factory=NewSettings)


# --- Answers ----------------------------------------------------------------------------------------------------
class UserRef(msgspec.Struct):
    """A person as they appear in messages and member lists."""

    id: UUID
    username: str
    full_name: str
    avatar_url: str | None


class Profile(msgspec.Struct):
    """A person as others see them. `is_online` and `last_seen` are null if their privacy settings hide them."""

    id: UUID
    username: str
    full_name: str
    avatar_url: str | None
    bio: str
    is_online: bool | None
    last_seen: Moment | None


class MyProfile(msgspec.Struct):
    """A person as they see themselves."""

    id: UUID
    username: str
    full_name: str
    avatar_url: str | None
    bio: str
    email: str | None
    settings: Settings


class SignedIn(msgspec.Struct):
    """A new session: the access token, its lifetime in seconds, and the refresh token unless it is in a cookie."""

    user: MyProfile
    access: str
    access_expires_in: int
    refresh: str | UnsetType = UNSET


class Verification(msgspec.Struct):
    """A code is on its way. `expires_in` is its lifetime in seconds, `resend_after` the seconds until another one can
    be requested.

    After registering, `registration` is the ID of the registration: sent to `verify/`, it makes sure that only its code
    works. Its mails are marked with `reference`, which a client should show.
    """

    email: str
    expires_in: int
    resend_after: int
    registration: UUID | UnsetType = UNSET
    reference: str | UnsetType = UNSET


class Registered(msgspec.Struct):
    """The response is the same if the address already has an account. The tokens are present only if verification is
    switched off."""

    verification: Verification
    user: MyProfile | UnsetType = UNSET
    access: str | UnsetType = UNSET
    access_expires_in: int | UnsetType = UNSET
    refresh: str | UnsetType = UNSET


class SessionsEnded(msgspec.Struct):
    """The password was changed; `sessions_ended` is how many other sessions ended."""

    sessions_ended: int


class Erasure(msgspec.Struct):
    """When the account will be erased. Signing in before then keeps it."""

    erase_at: Moment


class Ticket(msgspec.Struct):
    """A ticket that opens one socket, within `expires_in` seconds."""

    ticket: str
    expires_in: int


def person(user: User) -> UserRef:
    """A person as they appear in messages and member lists."""
    return UserRef(user.id, user.username, user.full_name, user.avatar_url or None)


def profile(user: User, *, is_online: bool, shows_presence: bool) -> Profile:
    """A person as somebody else sees them."""
    return Profile(
        id=user.id,
        username=user.username,
        full_name=user.full_name,
        avatar_url=user.avatar_url or None,
        bio=user.bio,
        is_online=is_online if shows_presence else None,
        last_seen=rfc3339(user.last_seen_at) if shows_presence and user.last_seen_at else None,
    )


def my_profile(user: User) -> MyProfile:
    """A person as they see themselves."""
    return MyProfile(
        id=user.id,
        username=user.username,
        full_name=user.full_name,
        avatar_url=user.avatar_url or None,
        bio=user.bio,
        email=user.email,
        settings=Settings(user.read_receipts, user.typing, user.presence, user.who_can_add_me),  # type: ignore[arg-type]
    )
