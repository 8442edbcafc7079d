"""The REST API of conversations. Each endpoint translates its input, calls one action, and translates the result."""
