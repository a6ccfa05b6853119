"""What several commands share: where the settings come from."""

import argparse
import json
from collections.abc import Callable

from icgd.config import SCALES, Config, build, load
from icgd.errors import IcgdError


def scale_arguments(parser: argparse.ArgumentParser, settings: bool = False) -> None:
    """--scale and --config; --settings where a step has some."""
    parser.add_argument("--scale", choices=SCALES, help="default: what config.yaml says")
    parser.add_argument("--config", default="config.yaml", help="settings (default: %(default)s)")
    if settings:
        parser.add_argument("--settings", help="the step's settings as JSON, as the rules pass them")


def seed_arguments(parser: argparse.ArgumentParser) -> None:
    """experiment, --seed, --scale, --config, --settings."""
    parser.add_argument("experiment", help="name of an experiment in config.yaml")
    parser.add_argument("--seed", type=int, required=True, help="training seed")
    scale_arguments(parser, settings=True)


def seed_settings(parsed: argparse.Namespace, kind: type) -> tuple[str, object]:
    """(scale, settings of class ``kind``) from --settings, or from config.yaml without it."""
    if parsed.seed < 0:
        raise IcgdError(f"--seed must be 0 or more, not {parsed.seed}.")
    if parsed.settings is not None:
        return parsed.scale, build(kind, json.loads(parsed.settings), "--settings")
    config = load(parsed.config)
    scale = parsed.scale or config.scale
    return scale, config.step_settings(kind, parsed.experiment, scale)


def scale_settings(parsed: argparse.Namespace, kind: type, of: Callable[[Config, str], object]):
    """(scale, settings of class ``kind``) from --settings, or ``of`` config.yaml without it."""
    if parsed.settings is not None:
        return parsed.scale, build(kind, json.loads(parsed.settings), "--settings")
    config = load(parsed.config)
    scale = parsed.scale or config.scale
    return scale, of(config, scale)
