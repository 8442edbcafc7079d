"""Files that people bring: read in a sandbox, kept in another form than they came in."""
