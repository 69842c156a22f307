"""Reports: from samples to figures, tables, charts, HTML and Markdown."""
