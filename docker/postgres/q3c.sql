create extension if not exists q3c;
