"""Mu-law, tones, recordings."""
