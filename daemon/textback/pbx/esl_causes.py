"""The words in which FreeSWITCH says that nobody took a call."""

from __future__ import annotations

from textback.events import NoAnswer

#: Hangup-Cause of a leg that nobody took, and originate_disposition where no leg was made at all. The others
#: (LOSE_RACE, PICKED_OFF, ORIGINATOR_CANCEL, NORMAL_CLEARING, …) say nothing that bridges do not.
CAUSES = {
    **dict.fromkeys(
        (
            *("NO_ANSWER", "NO_USER_RESPONSE", "ALLOTTED_TIMEOUT", "PROGRESS_TIMEOUT", "MEDIA_TIMEOUT"),
            "RECOVERY_ON_TIMER_EXPIRE",
        ),
        NoAnswer.RANG_OUT,
    ),
    **dict.fromkeys(("USER_BUSY", "CALL_REJECTED", "NORMAL_CIRCUIT_CONGESTION"), NoAnswer.BUSY),
    **dict.fromkeys(
        (
            *("USER_NOT_REGISTERED", "SUBSCRIBER_ABSENT", "NORMAL_TEMPORARY_FAILURE", "DESTINATION_OUT_OF_ORDER"),
            *("UNALLOCATED_NUMBER", "NO_ROUTE_DESTINATION", "NO_ROUTE_TRANSIT_NET", "INVALID_NUMBER_FORMAT"),
            *("NETWORK_OUT_OF_ORDER", "GATEWAY_DOWN", "INVALID_GATEWAY", "INVALID_URL", "INVALID_PROFILE"),
            *("CHAN_NOT_IMPLEMENTED", "INCOMPATIBLE_DESTINATION", "SERVICE_UNAVAILABLE", "NO_PICKUP"),
            *("OUTGOING_CALL_BARRED", "BEARERCAPABILITY_NOTAVAIL", "FACILITY_REJECTED", "INTERWORKING"),
        ),
        NoAnswer.UNREACHABLE,
    ),
}
