"""Messages, and how they are written, heard and caught up with."""
