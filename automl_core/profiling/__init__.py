"""Facts about a table: profile, associations, alerts."""
