"""The commands of `rebracket`, one module a noun."""
