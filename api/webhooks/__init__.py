"""Webhooks: the calls, who is let in, and what is kept of them."""
