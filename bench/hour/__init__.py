"""One call of an hour on the real server, in a few minutes: its clock and everybody else's run fast."""
