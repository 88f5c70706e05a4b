"""The keyboard view: its component for the browser, what goes between it and the engine, and the plain form beside it."""
