"""Hooks for other apps, called in the same transaction."""

from accounts.models import Session, User
from common.hooks import Hook

person_verified: Hook[[User]] = Hook("The person can sign in and be found from now on.")
person_changed: Hook[[User]] = Hook("The person's name or picture has changed.")
session_opened: Hook[[Session]] = Hook("Somebody has signed in.")
sessions_ended: Hook[[User, list[Session]]] = Hook("These sessions of a person have ended; the person is locked.")
person_erased: Hook[[User]] = Hook("Everything personal about this person must be deleted; their messages stay.")
