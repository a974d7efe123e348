"""The app whose label gives the published tables their names. The portal reads the tables and never this app."""
