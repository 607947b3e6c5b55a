"""An index folder as a reader would find it with another generation in service, to try that."""

from __future__ import annotations

from index.generation import IndexFolder


class TrialFolder(IndexFolder):
    """An index folder of which one generation, by its name, is taken to be the one in use."""

    def __init__(self, folder: IndexFolder, name: str) -> None:
        """Name the generation; nothing is read yet."""
        super().__init__(folder.path, folder.store)
        self._tried = name

    def current_name(self) -> str:
        """Return the name of the generation that is tried."""
        return self._tried
