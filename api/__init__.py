"""The gateway: thin routers that parse, call the store or Temporal, and answer."""
