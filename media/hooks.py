"""Moments of which other apps may want to know, in the same transaction."""

from chatproject.common.hooks import Hook
from media.models import Upload

upload_processed: Hook[[Upload]] = Hook("The upload is ready, or has failed; its conversation is locked.")
