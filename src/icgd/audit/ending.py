"""The last lines of a run: how many verdicts of each kind, five of them, and what to look at."""

from collections import Counter

from icgd import paths
from icgd.claims.words import in_words, measured, region
from icgd.files import read_json, read_yaml


def lines(scale: str) -> list[str]:
    """Counts, headlines, what to open."""
    verdicts, told = read_json(paths.verdicts(scale)), []
    counted = Counter(one["verdict"] for one in verdicts.values()).most_common()
    told.append(
        f"{len(verdicts)} claims at {scale} scale: {', '.join(f'{n} {word}' for word, n in counted)}."
    )
    chosen = read_yaml(paths.TOPICS)["headlines"] if paths.TOPICS.exists() else []
    headlines = [verdicts[id_] for id_ in chosen if id_ in verdicts]
    for one in headlines:
        part = one["parts"][0]
        told.append(f"  {one['id']}  {one['says']}")
        bound = f"supported {region(part['supported'])}"
        told.append(f"      {in_words(one)}: {_number(part)} ({bound})")
    told.append(f"Look into {paths.FIGURES / scale}, and ask for any verdict:")
    first = headlines[0]["id"] if headlines else next(iter(verdicts), "vo22-17")
    return [*told, f"  make audit CLAIM={first}{'' if scale == 'full' else f' SCALE={scale}'}"]


def _number(part: dict) -> str:
    """Value and interval, or why there is none: in short runs all seeds may be left out."""
    if part["value"] is not None:
        return measured(part)
    left_out = part["excluded"]
    why = f", as all {len(left_out)} networks are left out ({left_out[0]['why']})" if left_out else ""
    return f"no value{why}"
