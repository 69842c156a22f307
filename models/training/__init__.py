"""How the bundled clip and the bundled model were made."""
