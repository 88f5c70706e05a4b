"""The databases behind the workbench: engines, transactions, statements and migrations."""
