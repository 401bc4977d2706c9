"""A whole coalition in one process: truth, sensors, links that fail; one seed, one clock."""
