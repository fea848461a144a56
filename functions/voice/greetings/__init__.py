"""Greetings in the agent's own voice that are played instead of being made anew."""
