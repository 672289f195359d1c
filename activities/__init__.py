"""The activities: one per step type, named like it, and the few that only keep the books."""
