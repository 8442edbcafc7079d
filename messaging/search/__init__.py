"""Full-text search over messages, on both databases."""
