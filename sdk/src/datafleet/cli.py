"""The `fleet` command: its parts by name; each is imported when it is called.

Those that talk to a fleet are below. Others, such as `fleet up` and `fleet convert`, are brought
by the distributions that are installed, as entry points of the group `datafleet.commands`.
"""

from shared_lib.console import CommandError, EntryPointGroup, LazyCommand

ENTRY_POINTS = "datafleet.commands"

# The lines of help are those of the functions' docstrings, which a test makes sure of.
COMMANDS = {
    "completion": LazyCommand(
        "datafleet.commands.completion:completion", "Print what makes a shell complete `fleet`"
    ),
    "demo": LazyCommand(
        "datafleet.commands.demo:demo", "Take sample files through the whole journey"
    ),
    "dataset": LazyCommand("datafleet.commands.dataset:dataset", "What has landed, by name"),
    "flow": LazyCommand("datafleet.commands.flow:flow", "Journeys from file to model"),
    "job": LazyCommand("datafleet.commands.job:job", "Long work, of all services"),
    "kb": LazyCommand("datafleet.commands.kb:kb", "Documents as records that can be searched"),
    "login": LazyCommand("datafleet.commands.login:login", "Sign in to a fleet with a key"),
    "open": LazyCommand("datafleet.commands.open:open_page", "Open the fleet in the browser"),
    "push": LazyCommand("datafleet.commands.push:push", "Send files, and follow them to tables"),
    "quality": LazyCommand("datafleet.commands.quality:quality", "What the gate found, and why"),
    "status": LazyCommand("datafleet.commands.status:status", "How every service stands"),
    "model": LazyCommand("datafleet.commands.model:model", "What was learned, and who is champion"),
    "pipeline": LazyCommand("datafleet.commands.pipeline:pipeline", "What can be trained"),
    "suite": LazyCommand("datafleet.commands.suite:suite", "What must hold of a dataset's tables"),
    "trigger": LazyCommand(
        "datafleet.commands.trigger:trigger", "When to train, and why it was or was not"
    ),
    "table": LazyCommand("datafleet.commands.table:table", "What files were converted to"),
    "task-dataset": LazyCommand(
        "datafleet.commands.task_dataset:task_dataset",
        "Tables made ready for learning: text, label and split first",
    ),
    "version": LazyCommand("datafleet.commands.version:version", "Print the version"),
}


class FleetGroup(EntryPointGroup):
    """The root; it also explains what the client raises."""

    def explain(self, error: Exception) -> CommandError | None:
        """What to tell of an error."""
        known = super().explain(error)
        if known is not None:
            return known
        # The client is only needed to explain what it raised itself.
        from datafleet.explanations import explain_client_error  # noqa: PLC0415 - see above

        return explain_client_error(error)


main = FleetGroup(
    name="fleet",
    help="Turn raw files into typed, checked tables, and see where each came from.",
    entry_points=ENTRY_POINTS,
    lazy=COMMANDS,
    no_args_is_help=True,
)
