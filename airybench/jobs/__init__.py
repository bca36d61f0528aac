"""One function per command, without Typer and without printing, so that a notebook can call the same."""
