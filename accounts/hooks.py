"""Moments of which other apps may want to know, in the same transaction."""

from accounts.models import Session, User
from chatproject.common.hooks import Hook

person_verified: Hook[[User]] = Hook("The person may sign in and be found from now on.")
person_changed: Hook[[User]] = Hook("The person's name or picture is another now.")
session_opened: Hook[[Session]] = Hook("Somebody has signed in.")
sessions_ended: Hook[[User, list[Session]]] = Hook("These sign-ins of a person, who is locked, have ended.")
person_erased: Hook[[User]] = Hook("Nothing personal is to be left of this person; what they wrote stays.")
