"""Hooks for other apps, called in the same transaction."""

from common.hooks import Hook
from media.models import Upload

upload_processed: Hook[[Upload]] = Hook("The upload is ready or has failed; its conversation is locked.")
