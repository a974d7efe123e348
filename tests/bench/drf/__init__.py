"""The old system's web side as plain as its makers wrote it: Django REST framework, gunicorn, gevent, psycopg2.

Settings that Django and the framework have by themselves are left as they are, a connection for each request among them.
The models are the loader's: the tables, columns and indexes are the same for both sides.
"""
