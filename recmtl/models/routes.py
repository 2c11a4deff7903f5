"""Routes: what the deep part has parts of its own for, and what it is built from."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Routes:
    """A route is a task; or a task in one domain, and then the rows that pass it are those of this domain.

    Routes are numbered one domain after the other, the tasks of a domain in the schema's order: with one domain for all
    rows a route is its task.
    """

    tasks: tuple[str, ...]
    """Their names."""
    domains: int = 1
    """Domains with parts of their own; 1: all rows pass the same ones."""

    def __len__(self) -> int:
        return len(self.tasks) * self.domains

    def of(self, tasks: Sequence[int], domain: int) -> list[int]:
        """The routes of these tasks, in their order, in a domain."""
        return [domain * len(self.tasks) + task for task in tasks]

    def chain(self, routes: Sequence[int]) -> range:
        """All routes of their domain, from its first task to the last of theirs: what a chain of events needs."""
        return range(self.domain(routes[0]) * len(self.tasks), max(routes) + 1)

    def task(self, route: int) -> int:
        """Whose route it is."""
        return route % len(self.tasks)

    def domain(self, route: int) -> int:
        """Whose rows pass it."""
        return route // len(self.tasks)


@dataclass(frozen=True)
class Plan:
    """What a deep part is built for."""

    in_dim: int
    """Width of x_BI."""
    routes: Routes
    fields: tuple[str, ...] = ()
    """Names of the features in `Encoded.fields_BFD`, in order."""
    dim: int = 0
    """Width of each of them."""
    domains: tuple[str, ...] = ()
    """Domains of the data set; `Encoded.domain_B` holds their positions."""
    dense_dim: int = 0
    """Width of `Encoded.dense_BK`."""
    targets: tuple[int | None, ...] = ()
    """For each of `Encoded.sequences` the place in `fields` of the feature that shares its table (of a history of items
    that of the item), if there is one.
    """
