"""Bytes to records and back: catalogues, tracking data, agreements, and the system's own canonical form.

Rules of this room: input is bytes from strangers. A reader either returns records, together with a list of
what it had to leave out and why, or raises `FormatError`; it never raises anything else, whatever the bytes.
"""
