"""Twilio's requests to us."""
