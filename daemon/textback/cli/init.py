import click


@click.command("init")
def init() -> None:
    """Later."""
