"""`fleet kb delete`: a base with all its builds."""

from typing import TYPE_CHECKING

import click

from datafleet.commands.connection import find_base, pass_client
from shared_lib.console import Command, CommandError, ExitCode, Output, pass_output
from shared_lib.console.formats import count_of, format_bytes
from shared_lib.contracts.knowledge import KnowledgeBaseDeleted

if TYPE_CHECKING:
    from datafleet.client import Client


@click.command("delete", cls=Command, fields=KnowledgeBaseDeleted.model_fields)
@click.argument("base")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and keep it.")
@pass_client
@pass_output
def delete(output: Output, *, client: "Client", base: str, yes: bool, dry_run: bool) -> None:
    """Delete a base with its builds; the documents stay in their dataset."""
    found = find_base(client, base)
    told = client.knowledge_bases.delete(found.id, dry_run=True)
    if not dry_run:
        if not yes:
            _ask(told, dataset=found.dataset)
        told = client.knowledge_bases.delete(found.id)
    if output.as_json:
        output.record(told)
        return
    goes = "would go" if told.dry_run else "deleted"
    builds = count_of(told.builds, "build")
    output.data(f"{told.name} {goes}: {builds}, {format_bytes(told.bytes)}")


def _ask(told: KnowledgeBaseDeleted, *, dataset: str) -> None:
    """Have the person at the terminal agree.

    Raises:
        CommandError: they do not, or there is nobody.
    """
    question = (
        f"Delete {told.name} with {count_of(told.builds, 'build')} "
        f"({format_bytes(told.bytes)})? The dataset {dataset} stays."
    )
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort as error:
        raise CommandError(
            "nobody is there to ask.", hint="--yes deletes without asking",
            exit_code=ExitCode.USAGE,
        ) from error  # fmt: skip
    if not agreed:
        raise CommandError("nothing was deleted.")
