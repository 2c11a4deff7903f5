"""Names and texts put safely into SQL."""


def quote_name(name: str) -> str:
    """A column or table name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def exact_mean(expression: str) -> str:
    """The mean of a DOUBLE expression, the same on any number of threads: doubles summed in another order end in
    other bits.
    """
    return f"CAST(sum(CAST({expression} AS DECIMAL(38, 12))) AS DOUBLE) / count({expression})"


def hash_bits(salt: str, text: str) -> str:
    """SQL: the first 64 bits of the MD5 of `salt` and the VARCHAR expression `text`, as UBIGINT."""
    return f"('0x' || left(md5({quote_text(salt)} || {text}), 16))::UBIGINT"
