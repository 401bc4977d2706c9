"""Time, frames, propagation and measurement: pure functions on arrays, SI units."""
