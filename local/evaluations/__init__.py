"""Evaluations: callers with a goal telephone the agents; what came of it is judged, with the turns that prove it."""
