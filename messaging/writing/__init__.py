"""How messages are stored: batches of them, one transaction each."""
