"""Two runs side by side: what a fault moved, and whether that was what should notice it."""

from dataclasses import dataclass

from icgd.mutation.faults import Fault
from icgd.mutation.running import Seen

DECIDED = ("supported", "refuted", "borderline")
YES, NO, ELSEWHERE = "yes", "no", "elsewhere"  # elsewhere: by something else than what was named
NOT_RUN, HARMLESS, FALSE_ALARM = "not run", "rightly not", "false alarm"


@dataclass(frozen=True)
class Notice:
    """Something that came out otherwise than in the unmutated run."""

    by: str  # "vo22-17 (paired)", "vo22-17 (paired), control hand_set", "job data", "tests/...::test_..."
    was: str
    now: str

    def __str__(self) -> str:
        return (
            f"{self.by}: {self.now}" if self.by.startswith("job") else f"{self.by}: {self.was} to {self.now}"
        )


def moved(was: Seen, now: Seen) -> list[Notice]:
    """Parts that were decided and are decided otherwise or not at all, controls that now go the wrong
    way, jobs and tests that now fail."""
    found = []
    for by, state in now.items():
        before = was.get(by, "")
        telling = {
            "part": before in DECIDED and state != before,
            "control": before == "right" and state == "wrong",
            "job": True,
            "test": before == "passed" and state == "failed",
        }[kind(by)]
        if telling and state != before:
            found.append(Notice(by, before, state))
    return found


def kind(by: str) -> str:
    """What sort of thing a name of `Seen` stands for."""
    if by.startswith("job "):
        return "job"
    if "::" in by:
        return "test"
    return "control" if ", control " in by else "part"


def outcome(fault: Fault, notices: list[Notice]) -> str:
    """yes, no, or elsewhere; of a harmless change whether it was rightly passed over."""
    if fault.harmless:
        return FALSE_ALARM if notices else HARMLESS
    if not notices:
        return NO
    return YES if any(is_named(notice.by, fault) for notice in notices) else ELSEWHERE


def is_named(by: str, fault: Fault) -> bool:
    """Was it named beforehand?"""
    if kind(by) == "job":
        return by == f"job {fault.job}"
    if kind(by) == "test":
        return by in fault.tests
    return by.partition(" ")[0].rstrip(",") in fault.claims


def problems(seen: Seen) -> list[str]:
    """Why an unmutated run is no yardstick: a failed job or test."""
    return [f"{by}: {state}" for by, state in seen.items() if kind(by) == "job" or state == "failed"]
