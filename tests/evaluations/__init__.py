"""Evaluations: the format, the callers, the judges, and a few scenarios played."""
