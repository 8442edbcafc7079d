"""Everything in this installation at one point in time: rows as lines of JSON, which fit any database, and files.

A **snapshot** is a folder (docs/export.md), or the same content packed into a backup. `write` writes one, `manifest`
describes its content, and `load` loads it into an empty installation.
"""
