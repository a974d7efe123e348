"""The only DDL of the project but for roles and grants."""
