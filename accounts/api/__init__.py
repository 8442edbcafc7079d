"""The REST API of accounts. Each endpoint translates its input, calls one action, and translates the result."""
