"""What the scripts of this repository are made of: environment, databases, tests, start-up."""
