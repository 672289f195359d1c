"""For those who keep it running."""
