"""TwiML: reading it, and following it."""
