"""Contact lists: from a file as marketers have them to rows that may be called, and an account of all the others."""
