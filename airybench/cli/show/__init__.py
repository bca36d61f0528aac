"""What prints results: the console, progress, and the tables of each command."""
