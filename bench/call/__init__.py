"""What a call costs: the bridge on a core of its own, the world around it on another."""
