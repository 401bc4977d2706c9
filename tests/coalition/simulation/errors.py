"""What is raised when a promise is broken."""


class InvariantError(AssertionError):
    """A promise that does not hold; the message names the machine and the record."""


def require(holds, words):
    """Raise InvariantError with these words unless something holds."""
    if not holds:
        raise InvariantError(words)
