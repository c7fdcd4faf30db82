"""From the operator's text to an immutable snapshot, or to everything that is wrong with the text, and its watch."""

from gateway.config.configuration import AdminSettings, AdminToken, Configuration, Role
from gateway.config.errors import ConfigError, ConfigInvalid, Verdict
from gateway.config.explaining.request import explain_request
from gateway.config.forms.schema import json_schema
from gateway.config.load import load_file, load_text, unchangeable
from gateway.config.source import FileSource, SourceChange

__all__ = [
    "AdminSettings",
    "AdminToken",
    "ConfigError",
    "ConfigInvalid",
    "Configuration",
    "FileSource",
    "Role",
    "SourceChange",
    "Verdict",
    "explain_request",
    "json_schema",
    "load_file",
    "load_text",
    "unchangeable",
]
