"""Deliberate attacks: each payload at each place that a stranger's content reaches, and nothing comes of it."""
