"""What texting is worth: callers who came back with a text, beside those who were held out and got none."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from textback.store.tally import Tally

#: 95 % of a normal distribution lie within so many deviations.
Z = 1.959963984540054
#: Below so many calls on a side, or so few on either side who came back or did not, nothing is concluded.
FEWEST, FEWEST_EACH_WAY = 50, 5


@dataclass(frozen=True)
class Share:
    """``back`` of ``of`` callers came back."""

    back: int
    of: int

    @property
    def value(self) -> float:
        """From 0 to 1; 0 where there is nobody."""
        return self.back / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's score interval (E. B. Wilson, 1927), without a correction for continuity; 0 to 1 for nobody."""
        if not self.of:
            return 0.0, 1.0
        n, p = self.of, self.value
        middle, width = p + Z * Z / (2 * n), Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
        scale = 1 + Z * Z / n
        return max(0.0, (middle - width) / scale), min(1.0, (middle + width) / scale)

    @property
    def is_enough(self) -> bool:
        """Whether there are enough callers to say anything."""
        return self.of >= FEWEST and min(self.back, self.of - self.back) >= FEWEST_EACH_WAY


@dataclass(frozen=True)
class Uplift:
    """Both shares, and the difference that texting makes."""

    texted: Share
    held_out: Share

    @property
    def difference(self) -> float:
        """How much larger the share of those who were texted is; from -1 to 1."""
        return self.texted.value - self.held_out.value

    @property
    def interval(self) -> tuple[float, float]:
        """Newcombe's hybrid score interval of the difference, 95 % (R. G. Newcombe, 1998, method 10)."""
        (low_1, high_1), (low_2, high_2) = self.texted.interval, self.held_out.interval
        p_1, p_2 = self.texted.value, self.held_out.value
        below = sqrt((p_1 - low_1) ** 2 + (high_2 - p_2) ** 2)
        above = sqrt((high_1 - p_1) ** 2 + (p_2 - low_2) ** 2)
        return self.difference - below, self.difference + above

    @property
    def is_enough(self) -> bool:
        """Whether there are enough callers on both sides."""
        return self.texted.is_enough and self.held_out.is_enough


def uplift_of(figures: Tally) -> Uplift:
    """The comparison that figures hold."""
    texted = Share(figures["trial_texted_back"], figures["trial_texted"])
    return Uplift(texted, Share(figures["trial_held_out_back"], figures["trial_held_out"]))
