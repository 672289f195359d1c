"""Local services for the demo and the tests: found, started, checked, stopped, and never left behind."""
