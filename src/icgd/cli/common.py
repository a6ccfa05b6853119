"""What several commands share: where the settings come from."""

import argparse
import json

from icgd.config import SCALES, build, load


def scale_arguments(parser: argparse.ArgumentParser) -> None:
    """--scale and --config."""
    parser.add_argument("--scale", choices=SCALES, help="default: what config.yaml says")
    parser.add_argument("--config", default="config.yaml", help="settings (default: %(default)s)")


def experiment_arguments(parser: argparse.ArgumentParser) -> None:
    """experiment, --scale, --config, --settings."""
    parser.add_argument("experiment", help="name of an experiment in config.yaml")
    scale_arguments(parser)
    parser.add_argument("--settings", help="the step's settings as JSON, as the rules pass them")


def experiment_settings(parsed: argparse.Namespace, kind: type) -> tuple[str, object]:
    """(scale, settings of class ``kind``) from --settings, or from config.yaml without it."""
    if parsed.settings is not None:
        return parsed.scale, build(kind, json.loads(parsed.settings), "--settings")
    config = load(parsed.config)
    scale = parsed.scale or config.scale
    return scale, config.step_settings(kind, parsed.experiment, scale)
