"""People, sign-ins and tokens as they go over the wire."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from accounts.models import Session, User
from accounts.names import check_email, check_username
from accounts.services.passwords import check_password_is_good
from chatproject.common.clock import rfc3339
from chatproject.common.text import LINE, LINES
from chatproject.common.wire import Body, Moment, Rule

Email = Annotated[str, Meta(min_length=3, max_length=254), Rule(check_email)]
Username = Annotated[
    str, Meta(max_length=100, description="3 to 32 letters, digits, `_`, `.` and `-`."), Rule(check_username)
]
Password = Annotated[str, Meta(min_length=1, max_length=1024)]
NewPassword = Annotated[str, Meta(min_length=1, max_length=1024), Rule(check_password_is_good)]
Code = Annotated[str, Meta(max_length=32, description="The six digits from the mail; blanks between them are fine.")]
RegistrationId = Annotated[UUID, Meta(description="As `register/` has answered; without it every one counts.")]
FullName = Annotated[str, Meta(max_length=100, extra=LINE)]
Bio = Annotated[str, Meta(max_length=500, extra=LINES)]
DeviceName = Annotated[str, Meta(max_length=100, description="What the list of sign-ins shows.", extra=LINE)]
Token = Annotated[str, Meta(max_length=1024)]
PresenceFor = Literal["everyone", "contacts", "nobody"]
AddedBy = Annotated[
    Literal["everyone", "contacts", "nobody"],
    Meta(
        description="Who adds me to groups without asking: others send an invitation. `contacts` are those in whose "
        "direct conversations or small groups I have written."
    ),
]


# --- Bodies -----------------------------------------------------------------------------------------------------
class Register(Body):
    """A new account. `device_name` and `cookie` matter where verification is switched off."""

    email: Email
    username: Username
    password: NewPassword
    full_name: FullName = ""
    device_name: DeviceName = ""
    cookie: bool = False


class Verify(Body):
    """The code that was sent to a new account's address. `cookie`: keep the refresh token in an HttpOnly cookie."""

    email: Email
    code: Code
    registration: RegistrationId | None = None
    device_name: DeviceName = ""
    cookie: bool = False


class OtpResend(Body):
    """Ask for the code again: the same one while it is out, else a new one. All who wait for one at this address get
    theirs, or one registration."""

    email: Email
    registration: RegistrationId | None = None
    purpose: Literal["verify_email", "change_email", "reset_password"] = "verify_email"


class Login(Body):
    """`login` is an e-mail address or a username. `cookie`: keep the refresh token in an HttpOnly cookie."""

    login: Annotated[str, Meta(min_length=1, max_length=254)]
    password: Password
    device_name: DeviceName = ""
    cookie: bool = False


class Refresh(Body):
    """The refresh token; without it the cookie counts."""

    refresh: Token | None = None


class PasswordChange(Body):
    """A new password for who knows the present one."""

    current_password: Password
    new_password: NewPassword


class PasswordReset(Body):
    """Ask for a code with which to set a new password."""

    email: Email


class PasswordResetConfirm(Body):
    """The code from the mail and the new password."""

    email: Email
    code: Code
    new_password: NewPassword


class EmailChange(Body):
    """Ask for a code at the new address."""

    password: Password
    new_email: Email


class EmailChangeConfirm(Body):
    """The code that was sent to the new address."""

    code: Code


class Deletion(Body):
    """The password, so that a device left open deletes nobody."""

    password: Password


class SettingsChange(Body):
    """What changes; absent fields stay."""

    read_receipts: bool | UnsetType = UNSET
    typing: bool | UnsetType = UNSET
    presence: PresenceFor | UnsetType = UNSET
    who_can_add_me: AddedBy | UnsetType = UNSET


class ProfileChange(Body):
    """What changes; absent fields stay."""

    username: Username | UnsetType = UNSET
    full_name: FullName | UnsetType = UNSET
    bio: Bio | UnsetType = UNSET
    settings: SettingsChange | UnsetType = UNSET


class Settings(msgspec.Struct):
    """What others are told: read marks, typing, and to whom the online state shows. Without `read_receipts` nothing
    tells others what was read, not even that it has arrived by then; one goes on seeing what others have read."""

    read_receipts: bool = True
    typing: bool = True
    presence: PresenceFor = "contacts"
    who_can_add_me: AddedBy = "everyone"


class NewSettings(Settings, forbid_unknown_fields=True):
    """All of them: absent ones return to their defaults."""


class NewProfile(Body):
    """The whole profile: absent fields return to their defaults, only the username stays."""

    username: Username | UnsetType = UNSET
    full_name: FullName = ""
    bio: Bio = ""
    settings: NewSettings = msgspec.field(default_factory=NewSettings)


# --- Answers ----------------------------------------------------------------------------------------------------
class UserRef(msgspec.Struct):
    """A person as messages and members name them."""

    id: UUID
    username: str
    full_name: str
    avatar_url: str | None


class Profile(msgspec.Struct):
    """A person as others see them; `is_online` and `last_seen` are null where their privacy hides them."""

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
    """A sign-in: the access token, the seconds it lives, and the refresh token unless a cookie holds it."""

    user: MyProfile
    access: str
    access_expires_in: int
    refresh: str | UnsetType = UNSET


class Verification(msgspec.Struct):
    """A code is on its way: the seconds it lives, and those until another one may be asked for.

    Registering also says for which registration: with its id in `verify/` the code of no other one counts, and its
    mails are marked with `reference`, which a client shows.
    """

    email: str
    expires_in: int
    resend_after: int
    registration: UUID | UnsetType = UNSET
    reference: str | UnsetType = UNSET


class Registered(msgspec.Struct):
    """The answer is the same for a known address. Signed in at once only where verification is switched off."""

    verification: Verification
    user: MyProfile | UnsetType = UNSET
    access: str | UnsetType = UNSET
    access_expires_in: int | UnsetType = UNSET
    refresh: str | UnsetType = UNSET


class SessionsEnded(msgspec.Struct):
    """The password is another one now; how many other sign-ins ended with the old one."""

    sessions_ended: int


class Erasure(msgspec.Struct):
    """When the account is erased; signing in before keeps it."""

    erase_at: Moment


class Ticket(msgspec.Struct):
    """Opens one socket, once, within `expires_in` seconds."""

    ticket: str
    expires_in: int


class SessionState(msgspec.Struct):
    """One sign-in on one device."""

    id: UUID
    device_name: str
    address: str | None
    created_at: Moment
    last_used_at: Moment
    expires_at: Moment
    is_current: bool


def person(user: User) -> UserRef:
    """A person as messages and members name them."""
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


def session_state(session: Session, *, current: UUID) -> SessionState:
    """A sign-in, as seen from the one with the id `current`."""
    return SessionState(
        id=session.id,
        device_name=session.device_name,
        address=session.address,
        created_at=rfc3339(session.created_at),
        last_used_at=rfc3339(session.last_used_at),
        expires_at=rfc3339(session.expires_at),
        is_current=session.id == current,
    )
