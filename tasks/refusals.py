"""Words for what the configuration refuses: the key, what was expected, what is near, and never a password."""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

_IN_URI = re.compile(r"(://[^:/@\s]*):.+@")
_PARAMETER = re.compile(r"((?:password|passfile|sslpassword)=)[^&\s'\"\]}]+", re.IGNORECASE)
_TYPES = frozenset({"int", "str", "float", "bool"})


def without_passwords(text: str) -> str:
    """The text with what looks like a password of a URI as ``***``."""
    return _PARAMETER.sub(r"\1***", _IN_URI.sub(r"\1:***@", text))


def dotted(prefix: str, key: str) -> str:
    """The key below a prefix; either may be empty."""
    return ".".join(part for part in (prefix, key) if part)


def unknown_key(prefix: str, key: str, known: Iterable[str]) -> str:
    """A key that does not exist, with the nearest one that does."""
    names = list(known)
    near = difflib.get_close_matches(key, names, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Settings are {', '.join(names)}."
    return f"{dotted(prefix, key)}: there is no such setting. {hint}"


def first_problem(problem: Mapping[str, Any], prefix: str, known: Iterable[str]) -> str:
    """What a validation found, with the key of the setting itself.

    Args:
        problem: One error as pydantic describes it.
        prefix: Key of what was validated.
        known: Names that stand beside a key that does not exist.

    """
    key = dotted(prefix, ".".join(str(part) for part in problem["loc"] if not _is_type(part)))
    if problem["type"] == "extra_forbidden":
        return unknown_key(prefix, str(problem["loc"][-1]), known)
    if problem["type"] == "missing":
        return f"{key}: expected a value, got none. Every setting of conf/ is needed, whatever its value"
    reason = problem.get("ctx", {}).get("error")
    if problem["type"] != "value_error" or reason is None:
        return without_passwords(f"{key}: {problem['msg']}, got {problem['input']!r}")
    # A component's own words, which begin with the name of the setting and end with what it got.
    name, _, rest = str(reason).partition(" ")
    if name.split(".")[0] in _names(problem["input"]) and rest.startswith(("must ", "needs ")):
        return without_passwords(f"{dotted(key, name)}: {rest}")
    return without_passwords(f"{key}: {reason}")


def _names(given: Any) -> set[str]:
    return {str(name) for name in given} if isinstance(given, Mapping) else set()


def _is_type(part: str | int) -> bool:
    """Union branches put the tried type into the location; users know keys, not types."""
    return isinstance(part, str) and (part in _TYPES or "[" in part or not part)
