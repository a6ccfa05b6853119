"""What several commands share: where the settings come from."""

import argparse
import json
from collections.abc import Callable

from icgd.config import SCALES, Config, build, load


def scale_arguments(parser: argparse.ArgumentParser, settings: bool = False) -> None:
    """--scale and --config; --settings where a step has some."""
    parser.add_argument("--scale", choices=SCALES, help="default: what config.yaml says")
    parser.add_argument("--config", default="config.yaml", help="settings (default: %(default)s)")
    if settings:
        parser.add_argument("--settings", help="the step's settings as JSON, as the rules pass them")


def experiment_arguments(parser: argparse.ArgumentParser) -> None:
    """experiment, --scale, --config, --settings."""
    parser.add_argument("experiment", help="name of an experiment in config.yaml")
    scale_arguments(parser, settings=True)


def experiment_settings(parsed: argparse.Namespace, kind: type) -> tuple[str, object]:
    """(scale, settings of class ``kind``) from --settings, or from config.yaml without it."""
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
