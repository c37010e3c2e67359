"""DynamoDB JSON, shortly written: `S("a")` is `{"S": "a"}`."""

import itertools
import uuid

_counter = itertools.count()
_run = uuid.uuid4().hex[:8]


def S(text):
    return {"S": text}


def N(number):
    return {"N": str(number)}


def B(data):
    return {"B": data}


def BOOL(truth):
    return {"BOOL": truth}


NULL = {"NULL": True}


def SS(*members):
    return {"SS": list(members)}


def NS(*members):
    return {"NS": [str(member) for member in members]}


def BS(*members):
    return {"BS": list(members)}


def L(*elements):
    return {"L": list(elements)}


def M(**members):
    return {"M": members}


def nested(levels, innermost=None):
    """A map in a map …, `levels` maps deep, with `innermost` inside the last."""
    value = innermost if innermost is not None else S("x")
    for _ in range(levels):
        value = {"M": {"k": value}}
    return value


def unique(prefix="k"):
    """A string that no other call of this run has returned."""
    return f"{prefix}-{_run}-{next(_counter)}"


def comparable(value):
    """The value with sets as frozensets, so that == ignores the order of set members, as DynamoDB does."""
    if isinstance(value, dict):
        if len(value) == 1 and next(iter(value)) in ("SS", "NS", "BS"):
            ((kind, members),) = value.items()
            return {kind: frozenset(members)}
        return {name: comparable(member) for name, member in value.items()}
    if isinstance(value, list):
        return [comparable(element) for element in value]
    return value


def size_bytes(item):
    """The size of an item by the rules of data-plane.md 4.3 (numbers: only those that 4.3 is certain about)."""
    return sum(len(name.encode()) + _value_size_bytes(value) for name, value in item.items())


def _value_size_bytes(value):
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "B":
            return len(content)
        case "BOOL" | "NULL":
            return 1
        case "N":
            return _number_size_bytes(content)
        case "SS" | "BS" | "NS":
            return sum(_value_size_bytes({kind[0]: member}) for member in content)
        case "L":
            return 3 + sum(1 + _value_size_bytes(element) for element in content)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _value_size_bytes(member) for name, member in content.items())
    raise ValueError(kind)


def _number_size_bytes(text):
    negative = text.startswith("-")
    integer, _, fraction = text.lstrip("-").partition(".")
    integer, fraction = integer.lstrip("0"), fraction.rstrip("0")
    if not fraction:
        integer = integer.rstrip("0")
    if not integer:
        fraction = fraction.lstrip("0")
    if not integer and not fraction:
        return 1
    return 1 + (len(integer) + 1) // 2 + (len(fraction) + 1) // 2 + (1 if negative else 0)
