"""The Execution workflow. Deterministic: everything that reads a clock, a database or the network is an activity."""
