"""Articles in, sourced passages out: everything of Footnote that knows nothing of Telegram."""
