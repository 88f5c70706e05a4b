"""What pages, commands and the server ask of a home: one module a noun."""
