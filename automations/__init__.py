"""The domain: what an automation is and how it goes on. Pure: no I/O, no clock, no Temporal."""
