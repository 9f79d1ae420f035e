"""What each figure of the reports means, in words for those who read it; ``counting`` says the same as conditions."""

from __future__ import annotations

from typing import NamedTuple

#: Grows with every change of a meaning: what was counted by another one is counted anew.
EDITION = 1
#: Days within which a reply counts, and within which the answer of a person to it does.
REPLY_DAYS, HUMAN_DAYS = 1, 7


class Figure(NamedTuple):
    """One number of the reports."""

    key: str
    title: str
    meaning: str


FIGURES = (
    Figure(
        "calls",
        "Calls",
        "Callers of this practice whose call has ended, on the day on which it began, in the practice's time zone. One"
        " visit is one call, over all its queues and transfers. Calls that belong to no practice are in no report.",
    ),
    Figure(
        "answered",
        "Answered",
        "The last thing that happened to the caller was talking to a person.",
    ),
    Figure(
        "abandoned",
        "Abandoned",
        "The caller left while on hold, however short that was.",
    ),
    Figure(
        "abandoned_short",
        "Of these, short",
        "Abandoned calls with less time on hold than the flow's min_hold as it is set for their queue today. Without"
        " them, abandoned is the difference of the two.",
    ),
    Figure("missed", "Missed", "Nobody answered, or a voicemail box did."),
    Figure(
        "offers",
        "Offers",
        "Calls that waited until the offer of a text was due: the hold threshold of their queue had passed.",
    ),
    Figure(
        "texted",
        "Texted",
        "Calls whose text the provider has taken, asked for by key or not; what is held, failed or cancelled is not.",
    ),
    Figure(
        "delivered",
        "Delivered",
        "Texted calls whose text reached the phone, as the provider says.",
    ),
    Figure(
        "replied",
        "Replied within 24 h",
        "Texted calls to whose text something came back in the same conversation within 24 hours after it was sent,"
        " whatever it says. Where two calls of a number were texted within that time, one reply counts for both.",
    ),
    Figure(
        "lost_callers",
        "Lost callers",
        "Calls that ended texted, abandoned or missed, or in the menu where the practice counts that as missed: all"
        " that could be recovered.",
    ),
    Figure(
        "recovered",
        "Recovered within 24 h",
        "Lost callers who replied (as above), or whose number called this practice again within 24 hours after the call"
        " ended and was answered. That staff called them back does not count.",
    ),
)
MEDIAN = Figure(
    "median_reply",
    "Median time to first human reply",
    "Of the texted calls that were replied to and then answered by a person of the staff within 7 days: from the"
    " caller's first reply to that person's first text, in whole seconds. Half of the callers waited no longer."
    " Automatic answers are none, and those who were never answered are not in it.",
)
#: The two sides of the comparison between texting and not texting, which reports show where there is a holdout.
TRIAL = (
    Figure(
        "trial_texted",
        "Texted by itself",
        "Abandoned and missed calls whose text passed every guard and was decided by the daemon.",
    ),
    Figure(
        "trial_texted_back",
        "of these, came back",
        "They wrote to the practice, or called again and were answered, within 24 hours after the call ended.",
    ),
    Figure(
        "trial_held_out",
        "Held out",
        "Calls that would have been texted by itself, and were left out by the holdout.",
    ),
    Figure(
        "trial_held_out_back",
        "of these, came back",
        "The same for those who got no text.",
    ),
)
