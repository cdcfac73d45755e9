"""Providers of language models: accounts as table rows, wire dialects, and what to do when a call fails."""
