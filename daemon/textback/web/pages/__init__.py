"""The pages that staff work with: the log, the inbox, a conversation."""
