"""`fleet completion`."""

import click
from click.shell_completion import get_completion_class

from shared_lib.console import Command, Output, pass_output

SHELLS = ("bash", "zsh", "fish")


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
@pass_output
def completion(output: Output, ctx: click.Context, *, shell: str) -> None:
    """Print what makes a shell complete `fleet`.

    \b
    bash: echo 'eval "$(fleet completion bash)"' >> ~/.bashrc
    zsh:  echo 'eval "$(fleet completion zsh)"' >> ~/.zshrc
    fish: fleet completion fish > ~/.config/fish/completions/fleet.fish
    """
    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    root = ctx.find_root()
    name = root.info_name or "fleet"
    variable = f"_{name}_COMPLETE".replace("-", "_").upper()
    output.data(made(root.command, {}, name, variable).source())
