"""Django's database backend for PostgreSQL, with a pool that gets over a restart of the database at once."""
