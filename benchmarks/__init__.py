"""What Everstep costs, beside bare Temporal workflows."""
