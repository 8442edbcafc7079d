"""The REST API of messaging. Each endpoint translates its input, calls one action, and translates the result."""
