"""The detector: data, augmentation, network, loss, training, export and quantisation."""
