"""How sure a share is that was counted in a few calls. [pure]"""

from __future__ import annotations

import math

Z_95 = 1.959964
"""Of the normal distribution, two-sided 95 %."""


def wilson(good: int, of: int, z: float = Z_95) -> tuple[float, float]:
    """The Wilson score interval of a share, 0..1; all of it when nothing was counted. Raises ValueError."""
    if not 0 <= good <= of:
        raise ValueError("good ones are among those that were counted")
    if of == 0:
        return 0.0, 1.0
    share = good / of
    spread = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    middle, scale = share + z * z / (2 * of), 1 + z * z / of
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)
