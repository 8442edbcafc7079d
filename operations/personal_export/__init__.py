"""The archive of a person's own data, which they can download."""
