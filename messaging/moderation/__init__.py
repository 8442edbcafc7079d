"""Word and link filters, reports, the cases they form, and the decisions of moderators."""
