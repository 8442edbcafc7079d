"""The HTTP doors of accounts: translate in, one call, translate out."""
