"""CCSDS navigation messages: read, check, write and convert them, in all their versions and notations."""
