"""What the scripts of this repository are made of: environment, database, templates, tests, start-up."""
