"""A speech model for a laptop: it speaks Gemini Live's wire format over TLS, listens, and follows dialogue files."""
