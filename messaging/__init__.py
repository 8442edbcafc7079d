"""Messages: how they are sent, stored, delivered, searched and moderated."""
