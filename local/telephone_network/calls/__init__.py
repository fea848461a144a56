"""A call and its life."""
