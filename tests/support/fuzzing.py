"""How the fuzz tests run: the same examples each time, few enough for every change."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# Without a deadline, since the machine may be busy; without a database, since the examples are the same anyway.
bounded = settings(
    max_examples=300, derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)

# Whatever JSON can say, and a little more.
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)
