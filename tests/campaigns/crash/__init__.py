"""The dispatcher, killed at every point of its protocol in turn, on a network that loses, repeats and delays."""
