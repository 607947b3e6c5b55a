"""The articles that the bot of these tests answers from."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_ARTICLES: Final = {
    "tea.md": """\
---
title: Tea and how to keep it
url: https://example.org/tea
author: Ada Leaf
published: 2024-05-01
---

# Tea and how to keep it

Tea is made of the leaves of Camellia sinensis, a shrub from the south of China. All kinds of tea come \
from this one plant.

## Brewing

Green tea is brewed at 80 degrees for two minutes. Hotter water makes it bitter. Black tea is brewed \
with boiling water for four minutes.

White tea is brewed at 75 degrees for five minutes, in a pot with a lid.

A second infusion of green tea takes only one minute, since the leaves are open by then.

## Storing

Tea is stored in a dark tin, away from spices. Green tea keeps for one year, black tea for three years.
""",
    "bread.md": """\
---
title: Bread from three things
url: https://example.org/bread
published: 2023-11-20
---

# Bread from three things

Bread is baked from flour, water and salt. Sourdough bread rises by wild yeast, without any other leaven.

## Baking

A loaf of one kilogram is baked for fifty minutes at 230 degrees. Steam in the first ten minutes makes \
the crust shine.

## Storing

Bread is stored in a linen bag at room temperature. In a refrigerator bread goes stale faster, since its \
starch hardens in the cold.
""",
    "lighthouse.txt": """\
The lighthouse of Hornby Head

The lighthouse of Hornby Head was built in 1858 by James Barnet. Its red and white stripes were painted so \
that ships tell it from the older light at Macquarie.

The lamp was lit with kerosene until 1933. Since then it has worked without a keeper.
""",
    "eisvogel.md": """\
---
title: Der Eisvogel
published: 2022-03-09
---

# Der Eisvogel

Der Eisvogel jagt kleine Fische, die er im Sturzflug aus dem Wasser holt. Er brütet in einer Röhre, die er \
in eine steile Uferwand gräbt.

Ein Paar zieht zwei oder drei Bruten im Jahr auf.
""",
}


def write_articles(folder: Path) -> None:
    """Write the articles into a new folder."""
    folder.mkdir(parents=True)
    for name, text in _ARTICLES.items():
        (folder / name).write_text(text, encoding="utf-8")
