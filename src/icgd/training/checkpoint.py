"""Arrays on disk: the weights of a finished run, and the state of an unfinished one."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from icgd.config import Settings, checked
from icgd.errors import IcgdError
from icgd.files import replacing

SNAPSHOTS = "snapshots/"  # prefix of the names of weights on the way, which have an axis of steps


def save(path: Path | str, arrays: Mapping[str, np.ndarray], **record: object) -> None:
    """Write named arrays and a JSON record into one .npz, atomically."""
    text = np.frombuffer(json.dumps(record, sort_keys=True).encode(), np.uint8)
    with replacing(path) as temporary, temporary.open("wb") as handle:
        np.savez(handle, record=text, **{name: np.asarray(array) for name, array in arrays.items()})


def load(path: Path | str) -> tuple[dict[str, np.ndarray], dict]:
    """Read what `save` wrote: (arrays, record); pickles are refused.

    Raises:
        IcgdError: the file is missing, cut short, or not one of ours.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        return arrays, json.loads(arrays.pop("record").tobytes())
    except FileNotFoundError as error:
        raise IcgdError(f"{path} is missing; train it with `make full` or `snakemake {path}`.") from error
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise IcgdError(
            f"{path} is not a whole .npz file of this project ({error}); delete it and train again."
        ) from error


def is_of(theirs: object, about: Mapping) -> bool:
    """Does unfinished work belong to what is asked for, where a setting added since has its default?"""
    try:
        settings = checked(Settings, theirs["settings"], "unfinished").of_training
    except (IcgdError, KeyError, TypeError):
        return False
    return {**theirs, "settings": settings} == about


def parted(arrays: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """(last weights, snapshots) of a run's arrays."""
    kept = {name.removeprefix(SNAPSHOTS): a for name, a in arrays.items() if name.startswith(SNAPSHOTS)}
    return {name: a for name, a in arrays.items() if not name.startswith(SNAPSHOTS)}, kept
