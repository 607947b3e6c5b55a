"""What holds for all tests: nothing reaches the network, and no test is judged by its time."""

from __future__ import annotations

import os

from hypothesis import settings

# Read by the model libraries when they are imported, which is after this.
os.environ["HF_HUB_OFFLINE"] = "1"

settings.register_profile("footnote", deadline=None)
settings.load_profile("footnote")
