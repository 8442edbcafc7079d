"""Uploaded files: read in a sandbox, cleaned of hidden data, and stored."""
