"""Everything that is remembered: the tables, the reads and writes on them, and the one thread that writes."""
