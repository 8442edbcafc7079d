"""The archive of everything that a person has here, for themselves to take away."""
