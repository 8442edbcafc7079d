"""Reading what is stored: the log, the conversation list, unread counts and previews."""
