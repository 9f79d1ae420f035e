"""The database as other people see it: its migrations and its views (installed as ``textback.sql``)."""
