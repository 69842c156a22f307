"""Text of strangers as it fits a line of a terminal, of the log or of the page."""


def plain(text: str, longest: int) -> str:
    """`text` in one line and at most `longest` characters, without any that cannot be printed."""
    return "".join(character for character in " ".join(text.split()) if character.isprintable()).strip()[:longest]
