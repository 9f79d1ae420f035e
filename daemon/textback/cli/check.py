import click


@click.command("check")
def check() -> None:
    """Later."""
