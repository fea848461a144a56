"""The recording of a call."""
