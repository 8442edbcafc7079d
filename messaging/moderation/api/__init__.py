"""`moderation/`: what staff do, over HTTP. The console calls the same services."""
