"""What a Content-Type says of a body."""

_YAML = frozenset({"application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"})


def media_type(content_type: str | None) -> str:
    """Without parameters, in lower case; blank where nothing is said."""
    return (content_type or "").partition(";")[0].strip().lower()


def is_json(content_type: str | None) -> bool:
    found = media_type(content_type)
    return found == "application/json" or (found.startswith("application/") and found.endswith("+json"))


def is_yaml(content_type: str | None) -> bool:
    found = media_type(content_type)
    return found in _YAML or found.endswith("+yaml")
