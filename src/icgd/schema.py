"""JSON schema of the settings, for editors and the workflow catalog."""

import dataclasses
import types
import typing
from dataclasses import MISSING, fields

from icgd.config import Config, plain


def schema(cls: type = Config) -> dict:
    """JSON schema of a settings class; workflow/schemas is generated from it (`icgd schema`)."""
    hints = typing.get_type_hints(cls)
    return {
        "type": "object",
        "description": " ".join((cls.__doc__ or "").split()),
        "additionalProperties": False,
        "required": [item.name for item in fields(cls) if item.default is MISSING],
        "properties": {
            item.name: {
                **_schema_of(hints[item.name], item.metadata),
                "description": item.metadata["doc"],
                **({} if item.default is MISSING else {"default": plain(item.default)}),
            }
            for item in fields(cls)
        },
    }


def _schema_of(kind: object, limits: typing.Mapping) -> dict:
    if dataclasses.is_dataclass(kind):
        return schema(kind)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        inner = _schema_of(next(a for a in arguments if a is not type(None)), limits)
        return {**inner, "type": [inner["type"], "null"]}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema_of(arguments[1], {})}
    if kind is list:
        return {"type": "array"}
    if origin is tuple:
        return {"type": "array", "items": _schema_of(arguments[0], limits)}
    result: dict = {"type": {int: "integer", float: "number", str: "string", bool: "boolean"}[kind]}
    for ours, theirs in (("low", "minimum"), ("high", "maximum")):
        if ours in limits:
            result[theirs] = limits[ours]
    if "choices" in limits:
        result["enum"] = list(limits["choices"])
    return result
