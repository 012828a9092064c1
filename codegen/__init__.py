"""Writes the generated part of the package and its reference from the description in openapi/. See README.md here."""
