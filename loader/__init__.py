"""The write side: files in, rows in PostgreSQL, accounts. Nothing here serves readers."""
