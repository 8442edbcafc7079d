"""`moderation/`: what the staff does, over HTTP. The console calls the same deeds."""
