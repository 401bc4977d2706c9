"""Text of others in our own lines: it stays in its line and does not grow without end."""

LONGEST = 2_000


def printable(text: str, longest: int = LONGEST) -> str:
    """Return the text with what does not print (line ends, terminal codes, marks that turn text) spelled out.

    What goes beyond ``longest`` characters is left out, and the text says so.
    """
    if len(text) > longest:
        text = f"{text[:longest]}... ({len(text)} characters)"
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
