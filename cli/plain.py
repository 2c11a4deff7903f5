"""Text that may come from data, made safe to print."""


def plain(text: str) -> str:
    """With every control character as its escape: a domain's name must not move the cursor or break a line."""
    return text if text.isprintable() else "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()
