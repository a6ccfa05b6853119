"""What the words of evidence mean, from the data dictionary."""

from icgd import dictionary
from icgd.errors import IcgdError
from icgd.measures.request import METHODS, ON_SEQUENCES, parsed

LABELS = ("of", "measure", "subject", "reference", "tasks", "along", "over")


def of_measure(evidence: dict) -> str:
    """The dictionary's entry of the measure; nothing for numbers read off papers."""
    name, statement = evidence.get("measure"), f"{evidence.get('of')} {evidence.get('measure')}"
    entry = dictionary.statements().get(statement) or dictionary.measures().get(name)
    return entry.text if entry else ""


def of_subject(subject: str, evidence: dict) -> str:
    """The dictionary's entry of a subject, with its fault."""
    statement = dictionary.statements().get(f"{evidence.get('of')} {evidence.get('measure')}")
    if statement:
        return statement.subjects.get(subject, "")
    try:
        words = parsed(subject)
    except IcgdError:  # a subject of another place, or of an older rule
        return ""
    known = dictionary.predictors().get(words.name)
    what = METHODS.get(words.name) or ON_SEQUENCES.get(words.name) or (known.text if known else "")
    what = f"weights set by hand: {what}" if words.hand_set else what
    fault = f"{dictionary.faults()[words.fault].text}: {' '.join(words.size)}" if words.fault else ""
    return "; ".join(filter(None, (what, fault)))


def in_short(control: dict) -> str:
    """A control's subject, with what else it has in place of the rule's evidence."""
    others = [f"{key} {control[key]}" for key in LABELS if key != "subject" and control.get(key)]
    return ", ".join([str(control.get("subject")), *others])
