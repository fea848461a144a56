"""Those who call and are called."""
