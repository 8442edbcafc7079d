"""The worker follows the logs of conversations and notifies members of new messages."""
