"""HTTP: the API, the partner feed and the console; the only place for web models."""
