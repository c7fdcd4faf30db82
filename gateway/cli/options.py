"""Options that several commands have, so that they read and mean the same everywhere."""

import argparse


def add_config_file(parser: argparse.ArgumentParser, *, required: bool) -> None:
    parser.add_argument("-c", "--config", metavar="FILE", required=required, help="the configuration file")


def add_format(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how stdout reads (default: text)")
