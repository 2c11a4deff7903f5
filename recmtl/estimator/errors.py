"""What scikit-learn's tools and their users expect: a refusal is a ValueError as well."""

from collections.abc import Iterator
from contextlib import contextmanager

from recmtl.errors import ConfigError, DataError


class RefusedParameters(ConfigError, ValueError):
    """A parameter of the estimator asks for something that cannot be."""


class RefusedData(DataError, ValueError):
    """X, y or the weights are refused."""


@contextmanager
def as_value_errors() -> Iterator[None]:
    """Within: a ConfigError or a DataError is raised as the same with ValueError among its kinds."""
    try:
        yield
    except (RefusedParameters, RefusedData):
        raise
    except ConfigError as error:
        raise RefusedParameters(error.message, hint=error.hint) from error
    except DataError as error:
        raise RefusedData(error.message, hint=error.hint) from error
