"""All that this installation holds, as of one moment: rows as lines of JSON, which fit any database, and files.

A **snapshot** is a folder (docs/export.md), or the same packed into a backup. `taking` writes one down, `manifest` says
what is in it, `loading` brings it into an empty installation.
"""
