"""Of what the lower apps let know: added, invited, signed in, erased."""

from accounts import hooks as accounts
from accounts.models import Session, User
from chatproject.common.languages import asked_for, header
from conversations import hooks as conversations
from conversations.models import Conversation, Invite
from notifications.models import Notice, Preference
from notifications.services import forget_person, notify

Kind = Notice.Kind


@conversations.members_added.register
def tell_added(conversation: Conversation, people: list[User], actor: User) -> None:
    """Tell them that they are in a conversation now."""
    notify(people, Kind.ADDED, subject_id=conversation.id, actor=actor, conversation=conversation)


@conversations.person_invited.register
def tell_invited(invite: Invite, person: User) -> None:
    """Tell somebody that they may come in."""
    place = invite.conversation
    named = {"name": place.name}
    notify([person], Kind.INVITATION, subject_id=invite.id, actor=invite.created_by, conversation=place, data=named)


@accounts.session_opened.register
def tell_sign_in(session: Session) -> None:
    """Tell whoever has signed in before that it happened again: it might be somebody else."""
    if Session.objects.filter(user=session.user).exclude(id=session.id).exists():
        about = {"session_id": str(session.id), "device_name": session.device_name}
        notify([session.user], Kind.SECURITY, subject_id=session.id, data=about)


@accounts.session_opened.register
def remember_language(session: Session) -> None:
    """Later tell them in the language that this sign-in asks for. The notice of it is still in the one before: whoever
    signs in may be somebody else."""
    if language := asked_for(header.get()):
        Preference.objects.bulk_create(
            [Preference(user=session.user, last_language=language)],
            update_conflicts=True,
            unique_fields=["user"],
            update_fields=["last_language"],
        )


@accounts.person_erased.register
def forget_erased(user: User) -> None:
    """Nothing is left of them here."""
    forget_person(user)
