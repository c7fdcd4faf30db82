"""The command line; subcommands are found through the entry-point group sightline.commands."""
