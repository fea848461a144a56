"""Where Parley keeps its records."""
