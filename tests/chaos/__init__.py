"""Executions go on while what carries them is killed, and a ledger shows that nothing is lost or doubled."""
