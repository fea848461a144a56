"""Values held to a JSON Schema that somebody else wrote: nothing is fetched for it, and a schema that is none is told.

[pure] Importing this takes a tenth of a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import orjson
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

REFERENCES = ("$ref", "$dynamicRef")


class UnusableSchema(ValueError):
    """No value can be held to this schema: it is no JSON Schema, or refers to something outside it."""


def misfits(schema: Mapping[str, Any], value: Any) -> list[ValidationError]:
    """What in a value is not as the schema asks; none when all is. Raises UnusableSchema."""
    try:
        return list(_validator(orjson.dumps(schema)).iter_errors(value))
    except Exception as error:
        # The library trips over schemas of others in more ways than it names: over references, numbers, patterns.
        raise UnusableSchema(type(error).__name__) from None


def dead_references(schema: Mapping[str, Any]) -> Iterator[str]:
    """References that lead to nothing within the schema itself, which is a JSON Schema otherwise."""
    resource = DRAFT202012.create_resource(schema)
    yield from _dead(resource, Registry[Any]().resolver_with_root(resource))


@lru_cache(maxsize=512)
def _validator(text: bytes) -> Validator:
    """References are followed within the schema alone; without a registry the library would fetch what they name."""
    schema = orjson.loads(text)
    kind = validator_for(schema, default=Draft202012Validator)
    kind.check_schema(schema)
    return kind(schema, registry=Registry())


def _dead(resource: Resource[Any], resolver: Any) -> Iterator[str]:
    contents = resource.contents
    for reference in [contents[word] for word in REFERENCES if word in contents] if isinstance(contents, dict) else []:
        try:
            resolver.lookup(reference)
        except Unresolvable:
            yield reference
    for part in resource.subresources():
        yield from _dead(part, resolver.in_subresource(part))
