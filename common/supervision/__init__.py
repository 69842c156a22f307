"""Starting, watching, restarting and stopping roles."""
