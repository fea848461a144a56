"""The demonstration: Parley's main job on a laptop, printed as it happens and then checked."""
