"""What every request goes through, from the outside in."""
