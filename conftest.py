"""For all tests: the package `gateway` comes first.

With `--import-mode=importlib` pytest names a test module after its path. For the folder `gateway`
that is also the name of the package inside it, and an unimported package would be hidden by its
own folder.
"""

import gateway  # noqa: F401 - see above
