"""Checks of the small pieces of a registry entry: keys, regions, controls, published numbers."""

import math

from icgd.errors import IcgdError, nearest

PUBLISHED_KEYS = ("value", "seeds", "released", "from")


def check_keys(values: dict, known: tuple, where: str) -> None:
    """No key but the known ones."""
    for key in values:
        if key not in known:
            raise IcgdError(f"{where} has unknown key {key!r}; {nearest(key, known)}")


def check_region(region: object, where: str) -> None:
    """within: [a, b], below: x or above: x."""
    good = isinstance(region, dict) and len(region) == 1 and set(region) <= {"within", "below", "above"}
    if good and "within" in region:
        bounds = region["within"]
        good = isinstance(bounds, list) and len(bounds) == 2 and bounds[0] < bounds[1]
    if not good:
        raise IcgdError(f"{where} must be one of within: [low, high], below: x, above: x; not {region!r}.")


def check_controls(controls: dict, plants: dict, where: str) -> None:
    """Something to refute, of stated size, and something to support, among the table's plants."""
    check_keys(controls, ("refutes", "supports"), f"{where}, controls")
    for must in ("refutes", "supports"):
        if not controls.get(must):
            raise IcgdError(f"{where}: controls lacks {must!r}; every rule needs one of each.")
        for control in controls[must]:
            check_keys(control, ("plant", "size", "filter"), f"{where}, {must}")
            if control.get("plant") not in plants:
                raise IcgdError(
                    f"{where}: there is no plant {control.get('plant')!r}; "
                    f"{nearest(control.get('plant'), plants)}"
                )
    if not any(control.get("size") for control in controls["refutes"]):
        raise IcgdError(f"{where}: no control of refutes states its size; one must be a near miss.")


def check_published(published: object, where: str) -> None:
    """value: what the source prints; seeds: its own seeds; released: what its code gives, from: how known."""
    if not isinstance(published, dict):
        raise IcgdError(f"{where} must be a mapping such as {{value: 1.002}}, not {published!r}.")
    check_keys(published, PUBLISHED_KEYS, where)
    for key in ("value", "released"):
        if key in published and not _is_number(published[key]):
            raise IcgdError(f"{where}: {key} must be a number, not {published[key]!r}.")
    seeds = published.get("seeds", [0.0])
    if not (isinstance(seeds, list) and seeds and all(map(_is_number, seeds))):
        raise IcgdError(f"{where}: seeds must be a list of numbers, not {seeds!r}.")
    sentence = isinstance(published.get("from"), str) and bool(published["from"].strip())
    if sentence != ("released" in published) or sentence != ("from" in published):
        raise IcgdError(
            f"{where}: released and from go together: the released code's value, and a sentence on "
            "where it is from."
        )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
