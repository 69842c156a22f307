"""The text format of Prometheus, parsed."""

from prometheus_client.parser import text_string_to_metric_families


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Return the value of each sample by its name and label values, sorted by label name in descending order.

    An empty label is one that is absent.
    """
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items(), reverse=True) if value)): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith("_created")
    }
