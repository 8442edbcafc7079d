"""How passwords are kept."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class PasswordHasher(Argon2PasswordHasher):
    """Argon2id with what OWASP's Password Storage Cheat Sheet names for servers: 19 MiB, 2 passes, 1 lane. Django's own
    parameters take 100 MiB for each of the sign-ins that run at once."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
