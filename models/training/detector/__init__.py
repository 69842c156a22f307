"""The detector: data, network, loss, training and export."""
