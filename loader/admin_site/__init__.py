"""The admin site: accounts, tokens, loads, the tables to look at, the state of the schema. For administrators alone."""
