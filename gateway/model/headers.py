"""Header fields as they are on the wire: ordered pairs of bytes, names in the case their sender chose."""

from typing import TypeAlias

Field: TypeAlias = tuple[bytes, bytes]
Fields: TypeAlias = list[Field]


def field_values(fields: Fields, lower_name: bytes) -> list[bytes]:
    """All values of the field with this name (given in lower case), in the order they arrived."""
    return [value for name, value in fields if name.lower() == lower_name]
