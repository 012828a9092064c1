"""Versions of the package and of the API that it speaks."""

__version__ = "6.2.0"

API_VERSION = "v2018-08-01"
