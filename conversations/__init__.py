"""Conversations, their members, and the numbered log of each conversation."""
