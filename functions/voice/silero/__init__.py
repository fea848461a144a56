"""The weights of Silero VAD's 8 kHz network, in half precision, with its licence."""
