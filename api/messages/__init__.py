"""Messages: what comes in by text, and what providers say of those that went out."""
