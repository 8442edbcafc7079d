"""Receivers of hooks: people are notified when they are added, invited or signed in, and forgotten when erased."""

from accounts import hooks as accounts
from accounts.models import Session, User
from common.languages import accept_language_header, requested_language
from conversations import hooks as conversations
from conversations.models import Conversation, Invite
from notifications.models import Notice, Preference
from notifications.services import forget_person, notify

Kind = Notice.Kind


@conversations.members_added.register
def notify_added(conversation: Conversation, people: list[User], actor: User) -> None:
    """Notify people that they were added to a conversation."""
    notify(people, Kind.ADDED, subject_id=conversation.id, actor=actor, conversation=conversation)


@conversations.user_invited.register
def notify_invited(invite: Invite, person: User) -> None:
    """Notify somebody that they were invited to a conversation."""
    conversation = invite.conversation
    notify(
        [person],
        Kind.INVITATION,
        subject_id=invite.id,
        actor=invite.created_by,
        conversation=conversation,
        data={"name": conversation.name},
    )


@accounts.session_opened.register
def notify_sign_in(session: Session) -> None:
    """Notify somebody of a new sign-in to their account, except the first: it might be somebody else."""
    if Session.objects.filter(user=session.user).exclude(id=session.id).exists():
        data = {"session_id": str(session.id), "device_name": session.device_name}
        notify([session.user], Kind.SECURITY, subject_id=session.id, data=data)


@accounts.session_opened.register
def remember_language(session: Session) -> None:
    """From now on notify this person in the language that this sign-in asks for. The notice of the sign-in itself still
    uses the one before, because it may be somebody else who has signed in."""
    if language := requested_language(accept_language_header.get()):
        Preference.objects.bulk_create(
            [Preference(user=session.user, last_language=language)],
            update_conflicts=True,
            unique_fields=["user"],
            update_fields=["last_language"],
        )


@accounts.person_erased.register
def forget_erased(user: User) -> None:
    """Delete the notices and preferences of an erased person."""
    forget_person(user)
