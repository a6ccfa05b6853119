"""Settings classes: a field with its meaning and limits, and objects built from what YAML holds."""

import dataclasses
import types
import typing
from dataclasses import MISSING, field, fields

from icgd.errors import IcgdError, nearest


def setting(doc: str, default=MISSING, **limits):
    """A field of a settings class: its meaning, and limits (``low``, ``high`` or ``choices``).

    With ``switch`` it is something that is off by default and left out of recorded settings while
    it is, so that adding it changes nothing for what does not use it; its default is permanent.
    """
    return field(default=default, metadata={"doc": doc, **limits})


def plain(value: object) -> object:
    """Settings as dictionaries, lists and scalars (what is hashed, recorded and passed on)."""
    if dataclasses.is_dataclass(value):
        return {
            item.name: plain(getattr(value, item.name))
            for item in fields(value)
            if not (item.metadata.get("switch") and getattr(value, item.name) == item.default)
        }
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def build(cls: type, values: object, where: str):
    """Make a settings object of class ``cls`` from a mapping, refusing whatever does not fit."""
    if not isinstance(values, dict):
        raise IcgdError(f"{where} must be a mapping of {', '.join(f.name for f in fields(cls))}.")
    known = {item.name: item for item in fields(cls)}
    for name in values:
        if name not in known:
            raise IcgdError(f"{where} has unknown key {name!r}; {nearest(name, known)}")
    for name, item in known.items():
        if name not in values and item.default is MISSING:
            raise IcgdError(f"{where} lacks {name!r} ({item.metadata['doc']}).")
    hints = typing.get_type_hints(cls)
    return cls(
        **{
            name: _value(hints[name], value, known[name].metadata, f"{where}: {name}")
            for name, value in values.items()
        }
    )


def _value(kind: object, value: object, limits: typing.Mapping, where: str):
    """Check one value against its type and limits; nested settings are built."""
    if dataclasses.is_dataclass(kind):
        return build(kind, value, where)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        if value is None:
            return None
        return _value(next(a for a in arguments if a is not type(None)), value, limits, where)
    if origin is dict:
        if not isinstance(value, dict):
            raise IcgdError(f"{where} must be a mapping of names to settings, not {value!r}.")
        return {name: _value(arguments[1], item, {}, f"{where}.{name}") for name, item in value.items()}
    if kind is list:  # values of any kind, checked where they are used
        if not isinstance(value, list):
            raise IcgdError(f"{where} must be a list, not {value!r}.")
        return value
    if origin is tuple:
        if not isinstance(value, list):
            raise IcgdError(f"{where} must be a list, not {value!r}.")
        return tuple(_value(arguments[0], item, limits, where) for item in value)
    return _scalar(kind, value, limits, where)


def _scalar(kind: type, value: object, limits: typing.Mapping, where: str):
    if kind is float and isinstance(value, str):
        try:  # YAML reads 1e-3 (no dot) as text
            value = float(value)
        except ValueError:
            pass
    right = isinstance(value, kind) or (kind is float and isinstance(value, int))
    if not right or (isinstance(value, bool) and kind is not bool):
        raise IcgdError(f"{where} must be {_named(kind)}, not {value!r}.")
    if "choices" in limits and value not in limits["choices"]:
        raise IcgdError(f"{where} cannot be {value!r}; {nearest(value, limits['choices'])}")
    if "low" in limits and not value >= limits["low"]:
        raise IcgdError(f"{where} must be at least {limits['low']}, not {value}.")
    if "high" in limits and not value <= limits["high"]:
        raise IcgdError(f"{where} must be at most {limits['high']}, not {value}.")
    return kind(value)


def _named(kind: type) -> str:
    return {int: "a whole number", float: "a number", str: "text", bool: "true or false"}[kind]
