"""From samples to figures, charts, tables and a report."""
