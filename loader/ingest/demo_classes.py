"""The demo sample's classes: how often, how far, how fast, which colour. Round numbers, not measurements."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class DemoClass:
    """A class of gentypeofclassid. Times in days at rest; `colour` is (magnitude in u minus Y) at peak."""

    class_id: int
    gentypes: tuple[int, ...]
    share: float
    rise_days: float
    fall_days: float
    colour: float
    most_redshift: float
    is_galactic: bool = False


CLASSES = (
    DemoClass(111, (10,), 0.20, 4.0, 22.0, 0.8, 0.8),
    DemoClass(112, (20, 21, 25, 26, 27), 0.12, 4.0, 18.0, 1.6, 0.4),
    DemoClass(113, (30, 31, 32, 35, 36, 37), 0.20, 3.0, 60.0, 0.9, 0.4),
    DemoClass(114, (12,), 0.05, 3.5, 14.0, 1.0, 0.3),
    DemoClass(115, (11,), 0.05, 4.0, 15.0, 1.8, 0.4),
    DemoClass(121, (50, 51), 0.04, 0.4, 2.5, 1.2, 0.1),
    DemoClass(122, (82,), 0.05, 0.005, 0.06, -1.0, 0.0, is_galactic=True),
    DemoClass(123, (84,), 0.05, 0.6, 6.0, -0.4, 0.0, is_galactic=True),
    DemoClass(124, (87, 88, 89), 0.06, 20.0, 20.0, 2.0, 0.0, is_galactic=True),
    DemoClass(131, (40,), 0.06, 18.0, 50.0, -0.2, 1.5),
    DemoClass(132, (42,), 0.05, 12.0, 45.0, -0.6, 0.8),
    DemoClass(133, (45,), 0.02, 6.0, 45.0, 2.2, 0.05),
    DemoClass(134, (46,), 0.02, 3.0, 12.0, 1.9, 0.1),
    DemoClass(135, (59,), 0.03, 45.0, 110.0, 0.5, 1.2),
)
MICROLENS = 124

FALL_BY_BAND = np.array([0.6, 0.8, 1.0, 1.1, 1.2, 1.3])  # ugrizY: the blue fades first


def light_curve(
    random: np.random.Generator,
    kind: NDArray[np.int64],
    redshift: NDArray[Any],
    owner: NDArray[np.int64],
    days: NDArray[Any],
    band: NDArray[np.int64],
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Flux of each point over the object's peak between r and i, and each object's peak by band in that unit.

    `kind` and `redshift` are an object's, the rest a point's.
    """
    stretch = random.lognormal(0.0, 0.2, len(kind)) * (1 + redshift)
    rise = (np.array([one.rise_days for one in CLASSES])[kind] * stretch)[owner]
    fall = (np.array([one.fall_days for one in CLASSES])[kind] * stretch)[owner] * FALL_BY_BAND[band]
    colour = np.array([one.colour for one in CLASSES])[kind] + random.normal(0.0, 0.2, len(kind))
    smooth = np.where(days < 0, np.exp(-0.5 * (days / (2 * rise)) ** 2), np.exp(-np.maximum(days, 0.0) / fall))
    is_lens = np.array([one.class_id == MICROLENS for one in CLASSES])[kind][owner]
    shape = np.where(is_lens, _magnification(days / rise), smooth)
    at_peak: NDArray[Any] = 10 ** (-0.4 * colour[:, None] * (2.5 - np.arange(6.0)) / 5.0)
    return shape * at_peak[owner, band], at_peak


def _magnification(time: NDArray[Any]) -> NDArray[Any]:
    """Paczynski's point lens with an impact parameter of 0.3, minus its quiet level, over its peak."""
    relative: NDArray[Any] = _excess(0.09 + time**2) / _excess(np.array(0.09))
    return relative


def _excess(u2: NDArray[Any]) -> NDArray[Any]:
    """The magnification over 1 at a squared separation in Einstein radii."""
    excess: NDArray[Any] = (u2 + 2) / np.sqrt(u2 * (u2 + 4)) - 1
    return excess
